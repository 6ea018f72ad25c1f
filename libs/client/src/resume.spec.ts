import { toBase64Url } from '@communique-tee/protocol';
import { inspect } from 'node:util';
import { connect, ClientError, type Client, type KeptMessage, type SendState } from '.';
import { TestGateway, testMessage } from './testing/test-gateway';

describe('a message that is resumed', () => {
  let gateway: TestGateway;
  let client: Client;
  const opened = () => connect(gateway.url, gateway.policy, { token: () => 'a.token' });
  const caught = async (work: Promise<unknown>): Promise<ClientError> => {
    const error: unknown = await work.then(
      () => 'nothing was thrown',
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ClientError);
    return error as ClientError;
  };

  beforeEach(async () => {
    gateway = await TestGateway.start();
    client = await opened();
  });
  afterEach(() => gateway.stop());

  /** Sends a message and stops following it at `step`, as if a tab is closed. @returns the kept value after a round trip through JSON */
  async function left(step: SendState['step']): Promise<KeptMessage> {
    const stop = new AbortController();
    let kept = '';
    const { result } = client.send(testMessage(), {
      signal: stop.signal,
      onState: (state) => {
        if (state.step === 'sealed' || state.step === 'accepted') kept = JSON.stringify(state.kept);
        if (state.step === step) stop.abort();
      },
    });
    expect(await caught(result)).toMatchObject({ code: 'aborted' });
    return JSON.parse(kept) as KeptMessage;
  }

  it('is followed to its end by another client, which verifies receipt and answer', async () => {
    const kept = await left('accepted');
    const told: SendState[] = [];
    const resumed = (await opened()).resume(kept, { onState: (state) => told.push(state) });
    expect(resumed.id).toBe(kept.id);
    expect(await resumed.result).toMatchObject({
      id: kept.id,
      status: 'delivered',
      key: null,
      resealed: false,
      report: {
        offices: [
          { office: 'HCA12', outcome: 'accepted' },
          { office: 'SCA01', outcome: 'accepted' },
        ],
      },
    });
    const seen: SendState[] = [];
    for await (const state of resumed) seen.push(state);
    expect(seen).toEqual(told);
    expect(seen.map(({ step }) => step)).toEqual(['accepted', 'status', 'status', 'status', 'ended']);
    expect(seen[0]).toMatchObject({ kept: { ...kept, accepted: true } });
    expect(kept.accepted).toBe(true);
    expect(gateway.posted).toHaveLength(1);
  });

  it('can be kept before it is posted, in under 1,000 bytes that contain neither the message nor the token', async () => {
    const kept = await left('sealed');
    expect(gateway.posted).toEqual([]);
    expect(kept.accepted).toBe(false);
    const text = JSON.stringify(kept);
    expect(text.length).toBeLessThan(1000);
    for (const secret of ['a.token', 'Test', 'Person', 'Oakland', '94601', 'subject', 'p@test.example', 'HCA12'])
      expect(text).not.toContain(secret);
  });

  it('is refused if its receipt is missing, belongs to another message, or contradicts the status', async () => {
    const kept = await left('accepted');
    const other = await client.send(testMessage()).result;
    gateway.tamper = (view) => ({ ...view, receipt: null, sealedAnswer: null });
    const sent = { sent: 'accepted', messageId: kept.id };
    expect(await caught(client.resume(kept).result)).toMatchObject({ ...sent, reason: 'receipt_missing' });
    gateway.tamper = (view) => (view.receipt === null ? view : { ...view, receipt: other.view.receipt });
    expect(await caught(client.resume(kept).result)).toMatchObject({ ...sent, reason: 'ERR_RECEIPT_OTHER_MESSAGE' });
    gateway.tamper = (view) => (view.status === 'delivered' ? { ...view, status: 'refused' } : view);
    expect(await caught(client.resume(kept).result)).toMatchObject({ ...sent, reason: 'status_contradicts_receipt' });
  });

  it.each<[string, (kept: KeptMessage) => Partial<KeptMessage>, string]>([
    ['answer key', () => ({ answerKey: toBase64Url(new Uint8Array(32)) }), 'ERR_CRYPTO_OPEN'],
    [
      'hash of the sealed message',
      () => ({ sealedSha256: toBase64Url(new Uint8Array(32)) }),
      'ERR_RECEIPT_OTHER_MESSAGE',
    ],
    ['key id', () => ({ keyId: toBase64Url(new Uint8Array(16)) }), 'ERR_RECEIPT_KEY_BINDING'],
    ['expiry', ({ expiresAt }) => ({ expiresAt: expiresAt + 1 }), 'ERR_CRYPTO_OPEN'],
  ])('is refused if the kept value has another %s', async (_name, change, reason) => {
    const kept = await left('accepted');
    expect(await caught(client.resume({ ...kept, ...change(kept) }).result)).toMatchObject({
      code: 'receipt_refused',
      reason,
    });
  });

  it('ends as key_retired if the enclave lost its key, and is never sealed again', async () => {
    const kept = await left('accepted');
    gateway.rotate({ keepOld: false });
    expect(await client.resume(kept).result).toMatchObject({ status: 'key_retired', report: null, resealed: false });
    expect(gateway.posted).toHaveLength(1);
  });

  it('stays not_known if the gateway does not have it, and becomes accepted once the gateway reports its status', async () => {
    const kept = await left('posting');
    expect(await caught(client.resume(kept).result)).toMatchObject({
      code: 'refused',
      problem: 'not_found',
      sent: 'not_known',
      messageId: kept.id,
    });
    // A 404 changes nothing for a message that was kept after a 202, because the gateway had the message.
    expect(await caught(client.resume({ ...kept, accepted: true }).result)).toMatchObject({ sent: 'accepted' });
    gateway.postFaults = ['cut-after'];
    expect(await client.resume(await left('waiting')).result).toMatchObject({ status: 'delivered' });
    gateway.statuses = ['queued'];
    const { result } = client.resume(await left('accepted'), { followTimeoutMs: 0 });
    expect(await caught(result)).toMatchObject({ code: 'timeout', sent: 'accepted' });
  });

  it('is looked up once more after its expiry, because the gateway has ended it by then', async () => {
    const kept = await left('accepted');
    gateway.statuses = ['expired'];
    gateway.tamper = (view) => ({ ...view, receipt: null, sealedAnswer: null });
    const now = jest.spyOn(Date, 'now').mockReturnValue((kept.expiresAt + 3600) * 1000);
    const { result } = client.resume(kept);
    expect(await result.finally(() => now.mockRestore())).toMatchObject({ status: 'expired' });
  });

  it('reports every wait and its reason, and asks for another token once', async () => {
    const kept = await left('accepted');
    gateway.events = { problem: 'unauthenticated' };
    const tokens: string[] = [];
    const other = await connect(gateway.url, gateway.policy, {
      token: () => {
        tokens.push('asked');
        if (tokens.length > 1) gateway.events = tokens.length > 2 ? 'stream' : 'cut';
        return 'a.token';
      },
    });
    const waits: unknown[] = [];
    const { result } = other.resume(kept, {
      onState: (state) => {
        if (state.step === 'waiting') waits.push([state.during, state.because, state.waitMs > 0]);
      },
    });
    expect(await result).toMatchObject({ status: 'delivered' });
    expect(waits).toEqual([
      ['following', 'unauthenticated', true],
      ['following', 'unreachable', true],
    ]);
  });

  it('reports that a stream broke after an event, and continues', async () => {
    const kept = await left('accepted');
    gateway.events = 'cut-each';
    const waits: unknown[] = [];
    const { result } = client.resume(kept, {
      onState: (state) => {
        if (state.step === 'waiting') waits.push([state.during, state.because]);
      },
    });
    expect(await result).toMatchObject({ status: 'delivered' });
    expect(waits).toEqual([
      ['following', 'unreachable'],
      ['following', 'unreachable'],
    ]);
  });

  it('rejects as aborted when the caller aborts', async () => {
    gateway.statuses = ['queued'];
    const kept = await left('accepted');
    const stop = new AbortController();
    const { result } = client.resume(kept, {
      signal: stop.signal,
      onState: ({ step }) => {
        if (step === 'status') stop.abort();
      },
    });
    expect(await caught(result)).toMatchObject({ code: 'aborted', sent: 'accepted', messageId: kept.id });
  });

  it('is resumed only from a value that was kept for this gateway, and no error quotes the value', async () => {
    const kept = await left('sealed');
    const asked = gateway.asked.length;
    const flawed: readonly (readonly [string, unknown])[] = [
      ['version_unknown', { ...kept, v: 1 }],
      ['version_unknown', { ...kept, v: '2' }],
      ['other_gateway', { ...kept, gateway: 'https://gateway.example' }],
      ['other_gateway', { ...kept, gateway: `${kept.gateway}/` }],
      ['malformed', { ...kept, gateway: `https://${'a'.repeat(300)}` }],
      ['malformed', { ...kept, more: 1 }],
      ['malformed', { ...kept, id: kept.id.toUpperCase().replace(/^./, 'A') }],
      ['malformed', { ...kept, answerKey: `${kept.answerKey}=` }],
      ['malformed', { ...kept, answerKey: `${kept.answerKey.slice(0, -1)}B` }],
      ['malformed', { ...kept, sealedSha256: '' }],
      ['malformed', { ...kept, suite: 'other' }],
      ['malformed', { ...kept, expiresAt: 1.5 }],
      ['malformed', { ...kept, expiresAt: 2 ** 40 }],
      ['malformed', { ...kept, nullifier: 'AA' }],
      ['malformed', { ...kept, accepted: 'yes' }],
      ['malformed', { ...kept, answerKey: 'A'.repeat(100_000) }],
      ['malformed', JSON.stringify(kept)],
      ['malformed', [kept]],
      ...Object.keys(kept).map((name) => ['malformed', { ...kept, [name]: undefined }] as const),
      ...[null, undefined, 1, {}].map((value) => ['malformed', value] as const),
    ];
    for (const [reason, value] of flawed) {
      let error: unknown;
      try {
        client.resume(value as never);
      } catch (thrown) {
        error = thrown;
      }
      const expected = value !== null && typeof value === 'object' && 'v' in value && value.v === undefined;
      expect([value, error]).toMatchObject([
        value,
        { code: 'kept_invalid', reason: expected ? 'version_unknown' : reason, sent: 'not_known' },
      ]);
      expect(inspect(error, { depth: 9 })).not.toContain(kept.answerKey.slice(0, -1));
    }
    expect(gateway.asked).toHaveLength(asked);
  });
});
