import { connect, ClientError, type AttestState, type SendState } from '.';
import { TestGateway, testMessage } from './testing/test-gateway';

describe('a client that connects', () => {
  let gateway: TestGateway;
  let told: SendState[];
  const onState = (state: SendState) => told.push(state);
  const open = (signal?: AbortSignal) =>
    connect(gateway.url, gateway.policy, { token: () => 'a.token', onState, ...(signal && { signal }) });
  const summary = (states: readonly SendState[]) =>
    states.map((state) => (state.step === 'waiting' ? [state.during, state.because] : state.step));
  const busy = { problem: 'enclave_busy' } as const;

  beforeEach(async () => {
    gateway = await TestGateway.start();
    told = [];
  });
  afterEach(() => gateway.stop());

  it('reports the attestation, every wait with its reason, and the key', async () => {
    gateway.attestationFaults = [{ problem: 'keys_not_ready', retryAfter: 1 }, busy];
    const client = await open();
    expect(summary(told)).toEqual([
      'attesting',
      ['attesting', 'keys_not_ready'],
      ['attesting', 'enclave_busy'],
      'attested',
    ]);
    expect(told[1]?.step === 'waiting' && told[1].waitMs).toBeGreaterThanOrEqual(1000);
    // Every repeated request was reported.
    expect(gateway.attestations).toBe(3);
    const key = await client.key();
    expect(told.at(-1)).toEqual({ step: 'attested', key });
  });

  it('reports waits to each caller who waits for the same document, and to no other', async () => {
    const client = await open();
    const other = await connect(gateway.url, { ...gateway.policy, maxKeyAgeMs: 0 }, { token: () => 'a.token' });
    told.length = 0;
    gateway.attestationFaults = [busy];
    const [first, second]: [AttestState[], AttestState[]] = [[], []];
    await Promise.all([
      other.key({ onState: (state) => first.push(state) }),
      other.key({ onState: (state) => second.push(state) }),
    ]);
    for (const states of [first, second])
      expect(summary(states)).toEqual(['attesting', ['attesting', 'enclave_busy'], 'attested']);
    expect(told).toEqual([]);
    await client.key({ onState });
    expect(summary(told)).toEqual(['attesting', 'attested']);
  });

  it('reports each wait of send before the message is sealed', async () => {
    const client = await connect(gateway.url, { ...gateway.policy, maxKeyAgeMs: 0 }, { token: () => 'a.token' });
    gateway.attestationFaults = [busy];
    await client.send(testMessage(), { onState }).result;
    expect(summary(told).slice(0, 4)).toEqual(['attesting', ['attesting', 'enclave_busy'], 'attested', 'sealed']);
  });

  it('stops waiting when the caller aborts', async () => {
    gateway.attestationFaults = [{ problem: 'keys_not_ready', retryAfter: 20 }];
    const stop = new AbortController();
    const error: unknown = await connect(gateway.url, gateway.policy, {
      token: () => 'a.token',
      signal: stop.signal,
      onState: ({ step }) => {
        if (step === 'waiting') stop.abort();
      },
    }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ClientError);
    expect(error).toMatchObject({ code: 'aborted', sent: 'not_sent' });
  });

  it('stops its requests after all callers have aborted, and continues them while one caller has not', async () => {
    const client = await connect(gateway.url, { ...gateway.policy, maxKeyAgeMs: 0 }, { token: () => 'a.token' });
    const before = gateway.attestations;
    const stop = new AbortController();
    gateway.attestationFaults = [busy, busy];
    const patient = client.key();
    const given = client.key({
      signal: stop.signal,
      onState: ({ step }) => {
        if (step === 'waiting') stop.abort();
      },
    });
    expect(await given.catch((error: unknown) => error)).toMatchObject({ code: 'aborted' });
    expect((await patient).custody).toBe('process');
    expect(gateway.attestations).toBe(before + 3);
    gateway.attestationFaults = [{ problem: 'keys_not_ready', retryAfter: 20 }];
    const last = new AbortController();
    const alone = client.key({
      signal: last.signal,
      onState: ({ step }) => {
        if (step === 'waiting') last.abort();
      },
    });
    expect(await alone.catch((error: unknown) => error)).toMatchObject({ code: 'aborted' });
    // The next caller does not wait for the request of the caller that aborted.
    expect((await client.key()).custody).toBe('process');
    expect(gateway.attestations).toBe(before + 5);
  });

  it('connects although a listener throws, and reports that error as uncaught', async () => {
    const uncaught: (() => void)[] = [];
    const { queueMicrotask } = globalThis;
    const queue = jest.spyOn(globalThis, 'queueMicrotask').mockImplementation((work) => {
      // Node's fetch queues its own work with this function too.
      if (String(work).includes('throw')) uncaught.push(work);
      else queueMicrotask(work);
    });
    const client = await connect(gateway.url, gateway.policy, {
      token: () => 'a.token',
      onState: () => {
        throw new Error('of the page');
      },
    });
    queue.mockRestore();
    expect((await client.key()).custody).toBe('process');
    for (const work of uncaught) expect(work).toThrow('of the page');
    expect(uncaught.length).toBeGreaterThanOrEqual(2);
  });
});
