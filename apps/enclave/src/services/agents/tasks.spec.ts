import { verifyEnclave } from '@communique-tee/enclave-identity';
import { verifyUsageStatement, type SignerPolicy } from '@communique-tee/receipts';
import { developmentMeasurements } from '@communique-tee/testing/nsm-mock';
import {
  decodeAgentRequest,
  encodeAgentTask,
  encodeSealedMessage,
  TASKS,
  type AgentTask,
} from '@communique-tee/protocol';
import { PRICE_TABLE, reservationMicroUsd, rowOf } from '@communique-tee/agents';
import { answerOf } from './testing/answers';
import {
  A_DRAFT,
  API_KEYS,
  CLASSES,
  startAgentsWorld,
  type AgentsWorld,
  type SealedTask,
} from './testing/agents-world';
import type { Act, SeenRequest } from './testing/scripted-provider';

const GOOD = 'Dear Senator,\n\nPlease mend the roads.';
const openai = (text = GOOD, changes: Record<string, unknown> = {}): Act => ({
  json: answerOf('openai', text, { model: 'gpt-6-luna', ...changes }),
});
const fullPrice = ({ sealed, maxOutputTokens }: SealedTask): string => {
  const row = rowOf(PRICE_TABLE, 'openai', CLASSES.openai.model, new Date());
  if (!row) throw new Error('no row');
  return reservationMicroUsd({ row, ciphertextBytes: sealed.ciphertext.length, maxOutputTokens }).toString();
};

let world: AgentsWorld;
beforeAll(async () => {
  world = await startAgentsWorld({ limits: { maxConcurrent: 3, timeoutMs: 1500 } });
});
afterAll(() => world.stop());
beforeEach(() => {
  world.provider.act = () => openai();
  world.provider.seen.length = 0;
});
const calls = () => world.provider.seen.length;

describe('a task', () => {
  it('gets the whole text in a sealed answer, with a statement of its cost that verifies', async () => {
    const { answer, statement, reply, expected } = await world.ask(world.seal());
    const policy: SignerPolicy = {
      verifyEnclave,
      acceptedMeasurements: [developmentMeasurements],
      trustAnchor: world.trustAnchor,
    };
    expect((await verifyUsageStatement(reply, policy, expected)).claims).toEqual(statement);
    expect(answer).toMatchObject({ outcome: 'complete', text: GOOD, problem: null });
    expect(statement).toMatchObject({
      attempt: 1,
      model_class: 'fast',
      provider: 'openai',
      model: 'gpt-6-luna',
      served_model: 'gpt-6-luna',
      end: 'complete',
      usage_state: 'reported',
      usage: { input: 100, output: 50 },
      prices_version: PRICE_TABLE.version,
    });
    expect(reply.again).toBeNull();
    expect(calls()).toBe(1);
  });

  it('for Anthropic is sent in Anthropic’s format, with its API key', async () => {
    world.provider.act = () => ({ json: answerOf('anthropic', GOOD, { model: 'claude-haiku-4-5-20251001' }) });
    const { answer, statement } = await world.ask(world.seal({ modelClass: 'careful', maxOutputTokens: 512 }));
    expect([answer.text, statement.served_model, statement.usage_state]).toEqual([
      GOOD,
      'claude-haiku-4-5-20251001',
      'reported',
    ]);
    const { target, headers } = world.provider.seen[0] as SeenRequest;
    expect([target, headers['x-api-key'], headers['anthropic-version']]).toEqual([
      '/v1/messages',
      API_KEYS.anthropic,
      '2023-06-01',
    ]);
  });

  it('is sent without asking for an encoding, naming a user, or streaming', async () => {
    await world.ask(world.seal());
    const { target, headers, body } = world.provider.seen[0] as SeenRequest;
    expect([target, headers['accept-encoding'], headers.authorization]).toEqual([
      '/v1/responses',
      'identity',
      `Bearer ${API_KEYS.openai}`,
    ]);
    expect(Object.keys(body).sort()).toEqual(
      [
        'input',
        'instructions',
        'max_output_tokens',
        'model',
        'prompt_cache_options',
        'reasoning',
        'service_tier',
        'store',
      ].sort(),
    );
    expect(headers['openai-organization']).toBeUndefined();
  });

  it('reaches the provider byte for byte with its emoji and joiners', async () => {
    const text = 'We are 👨‍👩‍👧‍👦 and می‌خواهم roads';
    await world.ask(world.seal({ text }));
    expect((world.provider.seen[0]?.body as { input: string }).input).toContain(`\n${text}\n`);
  });
});

describe('a sealed task that is invalid', () => {
  const lone = 'Dear \ud83d';
  const loneInCbor = () => {
    // The encoder refuses a lone surrogate. So this replaces U+FFFD in a valid task with the three bytes of a surrogate, which are not UTF-8
    const bytes = Buffer.from(encodeAgentTask(taskOf({ text: 'Dear \ufffd' })));
    bytes.set([0xed, 0xa0, 0xbd], bytes.indexOf(Buffer.from('\ufffd')));
    return new Uint8Array(bytes);
  };
  const taskOf = (changes: Partial<AgentTask> = {}): AgentTask => ({
    version: 1,
    task: 'draft',
    modelClass: 'fast',
    maxOutputTokens: 1024,
    language: 'en',
    subject: null,
    text: A_DRAFT,
    ...changes,
  });

  it('cannot be sealed with a lone surrogate', () => {
    expect(() => world.seal({ text: lone })).toThrow();
  });

  it.each<[string, () => SealedTask]>([
    ['bytes that are not CBOR', () => world.seal({}, { plaintext: Uint8Array.of(1, 2, 3) })],
    ['half of a character', () => world.seal({}, { plaintext: loneInCbor() })],
    ['another model class than its request', () => world.seal({ modelClass: 'careful' }, { modelClass: 'fast' })],
    ['another maximum output than its request', () => world.seal({}, { maxOutputTokens: 64 })],
    [
      'a task that its model class does not offer',
      () => world.seal({ task: 'review', modelClass: 'careful', maxOutputTokens: 512 }),
    ],
  ])('with %s costs nothing, sends nothing, and is reported only to the person', async (_name, seal) => {
    const { answer, statement, reply } = await world.ask(seal());
    expect(answer).toMatchObject({ outcome: 'task_invalid', text: null });
    expect(statement).toMatchObject({
      end: 'task_invalid',
      usage_state: 'not_billed',
      cost_micro_usd: '0',
      usage: null,
    });
    expect([reply.again, calls()]).toEqual([null, 0]);
  });

  it('takes at least 50 ms like every other task', async () => {
    for (const task of [world.seal({}, { plaintext: Uint8Array.of(1) }), world.seal({}, { maxOutputTokens: 64 })]) {
      const startedAtMs = performance.now();
      await world.post(task);
      expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(49);
    }
  });
});

describe('a request for a task', () => {
  it.each<[string, () => SealedTask, string]>([
    ['an unknown model class', () => world.seal({ modelClass: 'unknown' }), 'model_class_unknown'],
    [
      'a larger maximum output than its class',
      () => world.seal({ modelClass: 'careful', maxOutputTokens: 1088 }),
      'malformed_body',
    ],
    ['an expiry in the past', () => world.seal({}, { lifetimeSeconds: -5 }), 'message_expired'],
    ['an expiry too far ahead', () => world.seal({}, { lifetimeSeconds: 700 }), 'expiry_out_of_range'],
    ['a key that the enclave does not hold', () => world.seal({}, { keyId: new Uint8Array(16) }), 'key_retired'],
  ])('is refused before anything is spent if it has %s', async (_name, seal, code) => {
    expect([await world.refusal(seal()), calls()]).toEqual([code, 0]);
  });

  it('is refused before anything is spent if its bytes were sealed for Congress, or changed after sealing', async () => {
    const task = world.seal();
    const { sealed } = decodeAgentRequest(task.bytes);
    const answer = await fetch(`${world.url}/agents`, {
      method: 'POST',
      headers: { 'content-type': 'application/cbor', 'communique-attempt': '1' },
      body: new Uint8Array(encodeSealedMessage(sealed)),
    });
    expect(((await answer.json()) as { code: string }).code).toBe('malformed_body');
    const tampered = new Uint8Array(task.bytes);
    tampered[tampered.length - 1] = (tampered.at(-1) ?? 0) ^ 1;
    expect(await world.refusal({ ...task, bytes: tampered })).toBe('sealed_message_refused');
    expect(calls()).toBe(0);
  });

  it('is refused if its attempt header is missing or malformed', async () => {
    const { bytes } = world.seal();
    for (const headers of [
      {},
      { 'communique-attempt': '3' },
      { 'communique-attempt': '1', 'communique-dispatched-before': 'yes' },
    ]) {
      const answer = await fetch(`${world.url}/agents`, {
        method: 'POST',
        headers: { 'content-type': 'application/cbor', ...headers },
        body: new Uint8Array(bytes),
      });
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([400, 'malformed_body']);
    }
  });
});

describe('the same bytes again', () => {
  it('get the same reply, and the provider gets one request', async () => {
    const task = world.seal();
    const first = await world.ask(task);
    const again = await world.ask(task, { dispatchedBefore: true });
    expect(Buffer.compare(again.bytes, first.bytes)).toBe(0);
    expect(calls()).toBe(1);
  });

  it('join the attempt that is running', async () => {
    let release: (act: Act) => void = () => undefined;
    world.provider.act = () => new Promise((resolve) => (release = resolve));
    const task = world.seal();
    const asked = [world.ask(task), world.ask(task), world.ask(task, { dispatchedBefore: true })];
    await until(() => calls() === 1);
    release(openai());
    const replies = await Promise.all(asked);
    expect(new Set(replies.map(({ bytes }) => Buffer.from(bytes).toString('hex'))).size).toBe(1);
    expect(calls()).toBe(1);
  });

  it('begin no attempt if the gateway relayed them before and the enclave does not know them', async () => {
    expect(await world.refusal(world.seal(), { dispatchedBefore: true })).toBe('outcome_unknown');
    expect(calls()).toBe(0);
  });

  it('begin a second attempt only if the first one proposed it', async () => {
    const unknown = world.seal();
    expect(await world.refusal(unknown, { attempt: 2 })).toBe('outcome_unknown');
    const done = world.seal();
    await world.ask(done);
    expect(await world.refusal(done, { attempt: 2 })).toBe('malformed_body');
    expect(calls()).toBe(1);

    world.provider.act = () => ({ status: 503, json: {} });
    const failed = world.seal();
    const first = await world.ask(failed);
    expect([first.statement.end, first.statement.cost_micro_usd, first.reply.again]).toEqual([
      'overloaded',
      '0',
      { afterMs: 1000 },
    ]);
    world.provider.act = () => openai();
    const second = await world.ask(failed, { attempt: 2 });
    expect([second.statement.attempt, second.answer.outcome, second.reply.again]).toEqual([2, 'complete', null]);
    expect(Buffer.compare((await world.ask(failed, { attempt: 2 })).bytes, second.bytes)).toBe(0);
    expect(calls()).toBe(3);
  });
});

describe('the limit on running tasks', () => {
  const ofAnthropic = () => world.seal({ modelClass: 'careful', maxOutputTokens: 512 });
  const ofGemini = () => world.seal({ modelClass: 'google' });

  it('refuses further tasks at once, leaves places for other providers, and frees a place when a task ends', async () => {
    const releases: (() => void)[] = [];
    world.provider.act = ({ target }) => {
      const act: Act = target.startsWith('/v1/responses') ? openai() : { status: 400, json: {} };
      return new Promise((resolve) => releases.push(() => resolve(act)));
    };
    const running = [world.ask(world.seal())];
    await until(() => releases.length === 1);
    // A provider gets only one of three places
    expect(await world.refusal(world.seal())).toBe('enclave_busy');
    running.push(world.ask(ofAnthropic()));
    await until(() => releases.length === 2);
    expect(await world.refusal(ofAnthropic())).toBe('enclave_busy');
    running.push(world.ask(ofGemini()));
    await until(() => releases.length === 3);
    expect(await world.refusal(ofGemini())).toBe('enclave_busy');
    for (const release of releases) release();
    await Promise.all(running);
    world.provider.act = () => openai();
    expect((await world.ask(world.seal())).answer.outcome).toBe('complete');
    expect(calls()).toBe(4);
  });
});

describe('a caller that leaves', () => {
  it('does not end its task after a byte was sent, and gets the reply later', async () => {
    let release: (act: Act) => void = () => undefined;
    world.provider.act = () => new Promise((resolve) => (release = resolve));
    const task = world.seal();
    const caller = new AbortController();
    const left = world.post(task, { signal: caller.signal }).catch(() => null);
    await until(() => calls() === 1);
    caller.abort();
    await left;
    release(openai());
    expect((await world.ask(task, { dispatchedBefore: true })).statement).toMatchObject({
      end: 'complete',
      usage_state: 'reported',
    });
    expect(calls()).toBe(1);
  });
});

describe('an attempt with an unusual answer of the provider', () => {
  const spoiled: [string, Act, object, 'full' | 'free'][] = [
    [
      'a failed response inside a 200',
      { json: { status: 'failed', error: { code: 'server_error' }, output: [], usage: null } },
      { end: 'server_error', usage_state: 'unknown' },
      'full',
    ],
    ['an error inside a 200', { json: { error: { code: 429 } } }, { end: 'malformed', usage_state: 'unknown' }, 'full'],
    [
      'HTML inside a 200',
      raw('HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>'),
      { end: 'malformed', usage_state: 'unknown' },
      'full',
    ],
    [
      'a long page of HTML with a 502',
      raw(`HTTP/1.1 502 Bad\r\ncontent-type: text/html\r\ncontent-length: 204800\r\n\r\n${'<p>'.padEnd(204_800, 'x')}`),
      { end: 'server_error', usage_state: 'not_billed' },
      'free',
    ],
    [
      'a redirect',
      { status: 302, headers: { location: 'https://evil.example' }, json: {} },
      { end: 'malformed', usage_state: 'unknown' },
      'full',
    ],
    [
      'an answer of another tier',
      openai(GOOD, { service_tier: 'priority' }),
      { end: 'tier_mismatch', usage_state: 'invalid' },
      'full',
    ],
    [
      'an answer of another model',
      openai(GOOD, { model: 'gpt-6-sol' }),
      { end: 'tier_mismatch', served_model: 'gpt-6-sol' },
      'full',
    ],
    [
      'an answer without usage',
      openai(GOOD, { usage: undefined }),
      { end: 'complete', usage_state: 'invalid' },
      'full',
    ],
    [
      'a compressed body',
      { headers: { 'content-encoding': 'gzip' }, json: answerOf('openai', GOOD) },
      { end: 'malformed', usage_state: 'unknown' },
      'full',
    ],
    ['a body without end', { raw: endless }, { end: 'malformed', usage_state: 'unknown' }, 'full'],
    ['a cut connection', { raw: (socket) => socket.destroy() }, { end: 'lost', usage_state: 'unknown' }, 'full'],
    [
      'a cut body',
      raw('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{', true),
      { end: 'lost', usage_state: 'unknown' },
      'full',
    ],
    ['an answer that is not HTTP', raw('nonsense\r\n\r\n'), { end: 'malformed', usage_state: 'unknown' }, 'full'],
    [
      'silence after one byte',
      raw('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{'),
      { end: 'timed_out', usage_state: 'unknown' },
      'full',
    ],
    ['silence', { raw: () => undefined }, { end: 'timed_out', usage_state: 'unknown' }, 'full'],
    [
      'a refused key',
      { status: 401, json: { error: { code: 'invalid_api_key' } } },
      { end: 'key', usage_state: 'not_billed' },
      'free',
    ],
    [
      'a refusal that asks for a long wait',
      { status: 429, headers: { 'retry-after': '60' }, json: {} },
      { end: 'rate', usage_state: 'not_billed' },
      'free',
    ],
    [
      'an answer without text',
      openai('', {
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
        output: [{ type: 'reasoning' }],
        usage: { input_tokens: 10, output_tokens: 2040, output_tokens_details: { reasoning_tokens: 2040 } },
      }),
      { end: 'empty', usage_state: 'reported' },
      'full',
    ],
    [
      'a refusal',
      openai('', {
        output: [{ type: 'message', content: [{ type: 'refusal', refusal: 'No.' }] }],
        usage: { input_tokens: 412, output_tokens: 0 },
      }),
      { end: 'refused', usage_state: 'reported' },
      'full',
    ],
    [
      'an unknown end',
      openai(GOOD, { status: 'incomplete', incomplete_details: { reason: 'new' } }),
      { end: 'other', usage_state: 'reported' },
      'full',
    ],
  ];

  it.each(spoiled)('makes one request and ends in a signed statement after %s', async (_name, act, claims, price) => {
    world.provider.act = () => act;
    const task = world.seal();
    const { statement, answer, reply } = await world.ask(task);
    expect(statement).toMatchObject(claims);
    if (statement.usage_state !== 'reported')
      expect(statement.cost_micro_usd).toBe(price === 'full' ? fullPrice(task) : '0');
    expect(answer.text === null).toBe(!['complete', 'cut'].includes(answer.outcome));
    expect(reply.again === null).toBe(
      !['lost', 'overloaded'].includes(statement.end) && !(statement.end === 'server_error' && price === 'free'),
    );
    expect(calls()).toBe(1);
    await until(() => world.provider.openConnections() === 0);
  });

  it('returns a cut text, marked as cut', async () => {
    world.provider.act = () =>
      openai(GOOD, { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
    const { answer, statement } = await world.ask(world.seal());
    expect([answer.outcome, answer.text, statement.end]).toEqual(['cut', GOOD, 'cut']);
  });

  it('states the cost of the full usage, even above the reservation', async () => {
    const usage = {
      input_tokens: 38_651,
      output_tokens: 357_288,
      output_tokens_details: { reasoning_tokens: 355_987 },
    };
    world.provider.act = () => openai(GOOD, { usage });
    const task = world.seal();
    const { statement } = await world.ask(task);
    expect(statement).toMatchObject({
      usage_state: 'reported',
      usage: { input: 38_651, output: 1301, thinking: 355_987 },
    });
    expect(BigInt(statement.cost_micro_usd)).toBeGreaterThan(BigInt(fullPrice(task)));
  });
});

describe('no plain text, key or word of a provider', () => {
  it('gets into a log line, a statement or an error, however the attempt ends', async () => {
    const secret = 'PLAINTEXT-OF-THE-DRAFT';
    const completion = 'PLAINTEXT-OF-THE-COMPLETION';
    const quoted = `${secret} ${completion} ${API_KEYS.openai}`;
    const acts: Act[] = [
      openai(completion),
      openai(`${completion} https://evil.example`),
      openai('', { output: [{ type: 'message', content: [{ type: 'refusal', refusal: quoted }] }] }),
      openai(completion, { model: quoted, service_tier: quoted }),
      { json: { status: 'failed', error: { code: quoted, message: quoted } } },
      ...[400, 401, 403, 404, 429, 500, 503].map((status) => ({
        status,
        json: { error: { code: quoted, type: quoted, message: quoted } },
      })),
      raw(`HTTP/1.1 200 OK\r\ncontent-length: ${String(quoted.length)}\r\n\r\n${quoted}`),
      raw(`${quoted}\r\n\r\n`),
      { raw: (socket) => socket.destroy() },
    ];
    const seen: string[] = [];
    for (const act of acts) {
      world.provider.act = () => act;
      const { reply, statement } = await world.ask(world.seal({ text: `${A_DRAFT} ${secret}`, subject: secret }));
      seen.push(Buffer.from(reply.answer).toString('latin1'), JSON.stringify(statement));
    }
    const refused = await world.post(world.seal({ modelClass: 'unknown', text: secret }));
    seen.push(await refused.text(), ...world.log);
    expect(world.log.some((line) => line.includes('agent_attempt_ended'))).toBe(true);
    for (const text of seen)
      for (const word of [secret, completion, API_KEYS.openai, 'evil']) expect(text).not.toContain(word);
    // The log does not name the kind of task either, because the parent reads the log
    for (const line of world.log) expect(line).not.toMatch(new RegExp(`"(${TASKS.join('|')})"`));
  });
});

function raw(text: string, end = false): Act {
  return { raw: (socket) => void (end ? socket.end(text) : socket.write(text)) };
}

function endless(socket: Parameters<Extract<Act, { raw: unknown }>['raw']>[0]): void {
  socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{"x":"');
  const more = (): void => void (socket.destroyed || socket.write('x'.repeat(65_536), () => setImmediate(more)));
  more();
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}
