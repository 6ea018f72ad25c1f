import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROBLEMS, type ProblemCode } from '@communique-tee/protocol';
import { connect, ClientError, combineWhetherSent, sentByPost, whetherSent, type Client, type WhetherSent } from '.';
import { sentByTaskPost } from './whether-sent';
import { TestGateway, testMessage, type PostFault } from './testing/test-gateway';

const refused = (status: number, problem?: string) =>
  new ClientError('refused', 'refused', { status, ...(problem !== undefined && { problem }) });

describe('what a failed post proves', () => {
  it('is not_sent for every 4xx of the gateway except outcome_unknown', () => {
    for (const [problem, { status }] of Object.entries(PROBLEMS))
      if (status < 500)
        expect([problem, sentByPost(refused(status, problem))]).toEqual([
          problem,
          problem === 'outcome_unknown' ? 'not_known' : 'not_sent',
        ]);
  });

  it('is not_sent for only those 5xx that the gateway answers before it stores anything', () => {
    const clear: ProblemCode[] = [];
    for (const [problem, { status }] of Object.entries(PROBLEMS))
      if (status >= 500 && sentByPost(refused(status, problem)) === 'not_sent') clear.push(problem as ProblemCode);
    expect(clear.sort()).toEqual([
      'emergency_stop',
      'enclave_unavailable',
      'identity_provider_unavailable',
      'model_off',
      'residence_disagrees',
      'shutting_down',
      'system_daily_limit_reached',
      'system_hourly_limit_reached',
      'verifier_busy',
    ]);
    const documented = readFileSync(join(__dirname, '../../../docs/errors.md'), 'utf8');
    expect(documented).toContain(`before it stores anything: ${clear.map((code) => `\`${code}\``).join(', ')}.`);
  });

  it.each<[WhetherSent, string, unknown]>([
    ['not_known', '401 of a proxy', refused(401)],
    ['not_known', '429 of a proxy', refused(429)],
    ['not_sent', 'a code of a newer gateway under 4xx', refused(409, 'not_yet_known')],
    ['not_known', '408 of a proxy, which may have passed the request on', refused(408)],
    ['not_known', 'a code of a newer gateway under 5xx', refused(503, 'not_yet_known')],
    ['not_known', '502 without a code', refused(502)],
    ['not_known', '504 without a code', refused(504)],
    ['not_known', '304, which is no answer to a post', refused(304)],
    ['not_known', 'a refusal without a status', new ClientError('refused', 'refused')],
    ['not_known', 'an answer that cannot be read', new ClientError('answer_invalid', 'x')],
    ['not_known', 'no answer', new ClientError('unreachable', 'x')],
    ['not_known', 'an abort', new DOMException('x', 'AbortError')],
    ['not_known', 'a time-out', new DOMException('x', 'TimeoutError')],
    ['not_known', 'an error of fetch', new TypeError('fetch failed')],
    ['not_known', 'undefined', undefined],
    ['not_sent', 'a request that cannot be made', new ClientError('policy_invalid', 'x')],
  ])('is %s for %s', (sent, _name, error) => {
    expect(sentByPost(error)).toBe(sent);
  });

  it('is not_known for a task if the connection to its enclave broke, and otherwise the same as for a message', () => {
    expect(sentByTaskPost(refused(503, 'enclave_unavailable'))).toBe('not_known');
    expect(sentByTaskPost(refused(409, 'outcome_unknown'))).toBe('not_known');
    expect(sentByTaskPost(refused(503, 'model_off'))).toBe('not_sent');
    expect(sentByTaskPost(refused(504, 'enclave_timeout'))).toBe('not_known');
  });

  it('is never weakened when it is combined with what another request proves', () => {
    const all: WhetherSent[] = ['not_sent', 'not_known', 'accepted'];
    for (const [at, a] of all.entries())
      for (const [place, b] of all.entries()) expect(combineWhetherSent(a, b)).toBe(all[Math.max(at, place)]);
  });
});

describe('whether a message was sent', () => {
  let gateway: TestGateway;
  let client: Client;
  let tokens: (string | Error)[];

  beforeEach(async () => {
    gateway = await TestGateway.start();
    tokens = [];
    client = await connect(gateway.url, gateway.policy, {
      token: () => {
        const token = tokens.shift() ?? 'a.token';
        if (typeof token === 'string') return token;
        throw token;
      },
    });
  });
  afterEach(() => gateway.stop());

  /** Returns `sent` and the code of the error with which sending failed. */
  async function failureOf(work: Promise<unknown>, id: string) {
    const error: unknown = await work.then(
      () => 'nothing was thrown',
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof ClientError)) throw new Error('no ClientError', { cause: error });
    const { code, problem, sent, messageId } = error;
    expect(whetherSent(error)).toBe(sent);
    expect(messageId).toBe(sent === 'not_sent' ? undefined : id);
    return [sent, problem ?? code];
  }
  const send = (options: Parameters<Client['send']>[1] = {}) => {
    const { id, result } = client.send(testMessage(), { postTimeoutMs: 600, ...options });
    return failureOf(result, id);
  };
  const no: PostFault = { problem: 'unauthenticated' };
  const stopped: PostFault = { problem: 'emergency_stop', retryAfter: 3600 };

  it.each<[WhetherSent, string, string, PostFault[]]>([
    ['not_sent', 'unauthenticated', 'refused twice with 401', [no, no]],
    ['not_sent', 'message_id_taken', 'refused with 409', [{ problem: 'message_id_taken' }]],
    ['not_sent', 'emergency_stop', 'refused with 503 before anything is stored', [stopped]],
    ['not_known', 'refused', 'refused with 413 by a proxy', [{ status: 413, text: '<html>' }]],
    [
      'not_sent',
      'user_daily_limit_reached',
      'refused after 401',
      [no, { problem: 'user_daily_limit_reached', retryAfter: 99 }],
    ],
    ['not_known', 'unauthenticated', 'cut off before its answer and then refused with 401', ['cut', no, no]],
    ['not_known', 'unauthenticated', 'stored, cut off, and then refused with 401', ['cut-after', no, no]],
    ['not_known', 'emergency_stop', 'refused with 401, cut off, and then refused with 503', [no, 'cut', stopped]],
    ['not_known', 'unreachable', 'answered with half of a 202', Array<PostFault>(9).fill('half')],
    [
      'not_known',
      'answer_invalid',
      'answered with a 202 whose body is no view of a message',
      [{ status: 202, text: '<html>' }],
    ],
    [
      'not_known',
      'database_unavailable',
      'refused when the commit may have succeeded',
      [{ problem: 'database_unavailable', retryAfter: 99 }],
    ],
    [
      'not_known',
      'overloaded',
      'refused by a proxy that lost its connection to the gateway',
      [{ problem: 'overloaded', retryAfter: 99 }],
    ],
    ['not_known', 'refused', 'refused with 504 by a proxy', Array<PostFault>(9).fill({ status: 504, text: '<html>' })],
  ])('is %s with %s if it is %s', async (sent, code, _name, faults) => {
    gateway.postFaults = faults;
    expect(await send()).toEqual([sent, code]);
  });

  it('is not_sent if the caller aborts before the request, or there is no token', async () => {
    const early = new AbortController();
    early.abort();
    expect(await send({ signal: early.signal })).toEqual(['not_sent', 'aborted']);
    const asked = new AbortController();
    expect(
      await send({
        signal: asked.signal,
        onState: ({ step }) => {
          if (step === 'posting') asked.abort();
        },
      }),
    ).toEqual(['not_sent', 'aborted']);
    tokens = [new Error('signed out')];
    expect(await send()).toEqual(['not_sent', 'token_unavailable']);
    tokens = ['a b'];
    expect(await send()).toEqual(['not_sent', 'token_unavailable']);
    expect(gateway.posted).toEqual([]);
  });

  it('is not_sent if the caller aborts while the token function has not answered', async () => {
    const other = await connect(gateway.url, gateway.policy, { token: () => new Promise(() => undefined) });
    const stop = new AbortController();
    const sending = other.send(testMessage(), {
      signal: stop.signal,
      onState: ({ step }) => {
        if (step === 'posting') setTimeout(() => stop.abort(), 10);
      },
    });
    expect(await failureOf(sending.result, sending.id)).toEqual(['not_sent', 'aborted']);
  });

  it('is not_known if the caller aborts before the answer, or if an earlier request had no answer', async () => {
    gateway.postFaults = ['silence'];
    const stop = new AbortController();
    gateway.onSilence = () => stop.abort();
    expect(await send({ signal: stop.signal })).toEqual(['not_known', 'aborted']);
    gateway.postFaults = ['cut'];
    tokens = ['a.token', new Error('signed out')];
    expect(await send({ postTimeoutMs: 60_000 })).toEqual(['not_known', 'token_unavailable']);
    gateway.postFaults = ['cut'];
    const waiting = new AbortController();
    expect(
      await send({
        signal: waiting.signal,
        postTimeoutMs: 60_000,
        onState: ({ step }) => {
          if (step === 'waiting') waiting.abort();
        },
      }),
    ).toEqual(['not_known', 'aborted']);
  });

  it.each<[WhetherSent, ProblemCode]>([
    ['not_sent', 'unauthenticated'],
    ['not_known', 'rate_limited'],
  ])('is %s if the caller aborts during the pause after %s', async (sent, problem) => {
    gateway.postFaults = [{ problem, retryAfter: 0 }];
    const stop = new AbortController();
    expect(
      await send({
        signal: stop.signal,
        onState: ({ step }) => {
          if (step === 'waiting') stop.abort();
        },
      }),
    ).toEqual([sent, 'aborted']);
  });

  describe('by a browser that repeats a post on its own and shows only the second answer', () => {
    const problems: ProblemCode[] = [
      'rate_limited',
      'shutting_down',
      'emergency_stop',
      'user_daily_limit_reached',
      'request_timeout',
    ];

    it.each(problems)(
      'is accepted, and the client follows the message to its end, if the first post was stored and the second answer is %s',
      async (problem) => {
        gateway.postFaults = [{ problem, retryAfter: 3600, stored: true }];
        const states: string[] = [];
        const { result } = client.send(testMessage(), {
          postTimeoutMs: 0,
          onState: ({ step }) => states.push(step),
        });
        expect(await result).toMatchObject({ status: 'delivered', resealed: false });
        expect(states).toContain('accepted');
        expect(gateway.posted).toHaveLength(1);
      },
    );

    it('is not_sent after a rate limit only if the gateway then reports that it does not have the message', async () => {
      gateway.postFaults = [{ problem: 'rate_limited', retryAfter: 3600 }];
      expect(await send()).toEqual(['not_sent', 'rate_limited']);
      expect(gateway.asked).toEqual([{ events: false, token: 'Bearer a.token' }]);
      for (const fault of ['rate_limited', 'shutting_down', 'unauthenticated'] as const) {
        gateway.statusFault = fault;
        gateway.postFaults = [{ problem: 'rate_limited', retryAfter: 3600 }];
        expect(await send()).toEqual(['not_known', 'rate_limited']);
        gateway.postFaults = [{ problem: 'body_too_large' }];
        expect(await send()).toEqual(['not_sent', 'body_too_large']);
      }
    });

    it('is not looked up if the refusal is about its id', async () => {
      gateway.postFaults = [{ problem: 'message_id_taken' }];
      expect(await send()).toEqual(['not_sent', 'message_id_taken']);
      expect(gateway.asked).toEqual([]);
    });
  });

  it('is accepted after a 202, whatever fails later', async () => {
    gateway.statuses = ['queued'];
    expect(await send({ followTimeoutMs: 200 })).toEqual(['accepted', 'timeout']);
    const stop = new AbortController();
    expect(
      await send({
        signal: stop.signal,
        onState: ({ step }) => {
          if (step === 'accepted') stop.abort();
        },
      }),
    ).toEqual(['accepted', 'aborted']);
    gateway.statuses = ['delivered'];
    gateway.tamper = (view) => ({ ...view, receipt: null, sealedAnswer: null });
    expect(await send()).toEqual(['accepted', 'receipt_refused']);
    tokens = ['a.token', new Error('signed out')];
    expect(await send()).toEqual(['accepted', 'token_unavailable']);
  });

  it('stays accepted if the message is sealed again and the gateway refuses the second post', async () => {
    gateway.rotate({ keepOld: false });
    gateway.postFaults = [];
    const { id, result } = client.send(testMessage(), {
      onState: ({ step }) => {
        if (step === 'resealing') gateway.postFaults = [no, no];
      },
    });
    expect(await failureOf(result, id)).toEqual(['accepted', 'unauthenticated']);
    expect(gateway.posted).toHaveLength(3);
  });

  it('is not_sent if the enclave is not trusted or the message is not valid, and not_known for an error that other code throws', async () => {
    const { acceptedMeasurements, ...policy } = gateway.policy;
    const [{ pcr0: _pcr0, ...rest }] = acceptedMeasurements;
    const error: unknown = await connect(
      gateway.url,
      { ...policy, acceptedMeasurements: [{ ...rest, pcr0: 'ab'.repeat(48) }] },
      { token: () => 't' },
    ).catch((thrown: unknown) => thrown);
    expect([whetherSent(error), error]).toMatchObject(['not_sent', { code: 'attestation_refused' }]);
    expect(await failureOf(client.send({} as never).result, '')).toEqual(['not_sent', 'message_invalid']);
    expect(whetherSent(new TypeError('x'))).toBe('not_known');
  });
});
