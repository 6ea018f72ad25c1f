import { createNsm } from '@communique-tee/nsm';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import type { MessageStatus, Outcome } from '@communique-tee/protocol';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { startPostgres, type Postgres } from '@communique-tee/testing/postgres';
import { unverifiedProof } from '../acceptance/testing/unverified-proof';
import type { SubmittedProof } from '../acceptance/submission';
import { answer, cut, problem, TestEnclave, type Behaviour } from '../enclave/testing/test-enclave';
import { DeliveryBench, type BenchConfig } from './testing/delivery-bench';
import { EnclaveIdentity } from './testing/enclave-identity';

const trusting = { isTrusted: () => true, checkNow: () => Promise.resolve(), onTrusted: () => undefined };
const inMs = (ms: number) => new Date(Date.now() + ms);

/** Reads until `fits` accepts the value, for up to a minute, and returns that value. */
async function until<T>(read: () => Promise<T>, fits: (value: T) => boolean): Promise<T> {
  for (let round = 0; round < 3000; round++) {
    const value = await read();
    if (fits(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('the condition did not become true in time');
}

/** The workers and the database are real; the enclave answers as the test says. */
describe('the nullifier of a message without an owner', () => {
  let postgres: Postgres;
  let folder: TemporaryFolder;
  let config: BenchConfig;
  let identity: EnclaveIdentity;
  let enclave: TestEnclave;
  const benches: DeliveryBench[] = [];

  beforeAll(async () => {
    [postgres, folder] = await Promise.all([startPostgres(), temporaryFolder()]);
    const nsm = createNsm(await createMockNsmTransport({ rootFolder: folder.file('root') }));
    identity = new EnclaveIdentity((fields) => nsm.attest(fields), developmentMeasurements.pcr0);
    config = {
      database: { url: '', poolSize: 5 },
      enclave: { addresses: [`unix:${folder.file('enclave')}`], timeoutMs: 20_000 },
      attestation: {
        verify: true,
        acceptedMeasurements: [developmentMeasurements],
        trustAnchorPem: await developmentRootPem(folder.file('root')),
        cacheMs: 0,
        maxAgeMs: 60_000,
      },
      delivery: { concurrency: 4, leaseMs: 60_000, minBackoffMs: 10, maxBackoffMs: 50, pollMs: 20 },
      budget: {
        userDayCapMicroUsd: 10n ** 9n,
        userDayMessages: 0,
        systemHourCapMicroUsd: 10n ** 9n,
        systemDayCapMicroUsd: 10n ** 9n,
        deliveryPriceMicroUsd: 10_000n,
      },
    };
  });
  afterAll(async () => {
    await postgres.stop();
    await folder.remove();
  });
  beforeEach(async () => {
    config = { ...config, database: { url: await postgres.createMigratedDatabase(), poolSize: 5 } };
    enclave = new TestEnclave({ kind: 'unix', path: folder.file('enclave') }, answering(['accepted']));
    await enclave.start();
  });
  afterEach(async () => {
    await Promise.all(benches.splice(0).map((bench) => bench.close()));
    await enclave.stop();
  });

  const answering =
    (outcomes: readonly Outcome[]): Behaviour =>
    async (request, response) => {
      answer(response, 200, 'application/cbor', await identity.encodedAnswer(request.body, outcomes));
    };
  const benchOf = (changes: Partial<BenchConfig> = {}) => {
    const bench = new DeliveryBench({ ...config, ...changes });
    benches.push(bench);
    return bench;
  };
  const start = (bench: DeliveryBench, monitor: Parameters<DeliveryBench['worker']>[0] = trusting) => {
    bench.worker(monitor).worker.onApplicationBootstrap();
  };
  const accept = (bench: DeliveryBench, proof: SubmittedProof, expiresAt = inMs(3_600_000), sealedTo?: Uint8Array) =>
    bench.accept(expiresAt, sealedTo, proof);
  const ended = (bench: DeliveryBench, messageId: string) =>
    until(
      () => bench.message(messageId),
      ({ endedAt }) => endedAt !== null,
    );
  /** Sends another message with the same nullifier (same person and campaign), and returns whether it was accepted. */
  const another = (bench: DeliveryBench, { nullifier }: SubmittedProof) =>
    accept(bench, unverifiedProof({ nullifier })).then(
      () => 'accepted',
      (error: unknown) => (error instanceof Error ? error.message : 'unexpected'),
    );
  const relayed = () => enclave.requests.filter(({ path }) => path === '/messages').length;

  it.each<[readonly Outcome[], MessageStatus, 'accepted' | 'already_sent']>([
    [['accepted', 'accepted'], 'delivered', 'already_sent'],
    [['duplicate'], 'delivered', 'already_sent'],
    [['accepted', 'refused'], 'partially_delivered', 'already_sent'],
    [['refused', 'unknown'], 'unknown', 'already_sent'],
    [['refused', 'refused'], 'refused', 'accepted'],
    [[], 'refused', 'accepted'],
  ])('after a verified receipt of %j (%s): another message gets %s', async (outcomes, status, next) => {
    enclave.behaviour = answering(outcomes);
    const [bench, proof] = [benchOf(), unverifiedProof()];
    const { messageId } = await accept(bench, proof);
    start(bench);
    expect(await ended(bench, messageId)).toMatchObject({ status, owner: null });
    await bench.stopWorkers();
    const rows = await bench.database.client.nullifier.findMany();
    expect(rows.map(({ messageId: of }) => of)).toEqual(next === 'accepted' ? [] : [null]);
    expect(await another(bench, proof)).toBe(next);
    const windows = await bench.database.client.budgetWindow.findMany({ where: { scope: { not: 'user_day' } } });
    const sent = outcomes.filter((outcome) => outcome !== 'refused').length;
    for (const { spentMicroUsd } of windows) expect(spentMicroUsd).toBe(BigInt(sent) * 10_000n);
  });

  it.each<[string, Behaviour]>([
    ['key_retired', problem('key_retired')],
    ['sealed_message_refused', problem('sealed_message_refused')],
    ['suite_unsupported', problem('suite_unsupported')],
    ['malformed_body', problem('malformed_body')],
    ['circuit_retired', problem('circuit_retired')],
    ['residence_not_open', problem('residence_not_open')],
  ])('is not freed by %s, which no enclave signed', async (_code, behaviour) => {
    enclave.behaviour = behaviour;
    const [bench, proof] = [benchOf(), unverifiedProof()];
    const { messageId } = await accept(bench, proof);
    start(bench);
    await ended(bench, messageId);
    expect(await another(bench, proof)).toBe('already_sent');
    expect(relayed()).toBe(1);
  });

  it.each<[string, Behaviour]>([
    ['enclave_busy', problem('enclave_busy')],
    ['a cut connection', cut],
  ])('is not freed if the message expires after %s', async (_what, behaviour) => {
    enclave.behaviour = behaviour;
    const [bench, proof] = [benchOf(), unverifiedProof()];
    const { messageId } = await accept(bench, proof, inMs(1500));
    start(bench);
    await ended(bench, messageId);
    expect(await another(bench, proof)).toBe('already_sent');
    expect(relayed()).toBeGreaterThan(0);
  });

  it('is freed if the message expires and no connection to the enclave was ever made', async () => {
    await enclave.stop();
    const [bench, proof] = [benchOf(), unverifiedProof()];
    const { messageId } = await accept(bench, proof, inMs(1500));
    start(bench);
    expect(await ended(bench, messageId)).toMatchObject({ status: 'expired' });
    expect(await another(bench, proof)).toBe('accepted');
    const windows = await bench.database.client.budgetWindow.findMany();
    for (const { spentMicroUsd, reservedMicroUsd } of windows)
      expect([spentMicroUsd, reservedMicroUsd]).toEqual([0n, 40_000n]);
  });

  it('is freed if the gateway knows, before it sends the message, that the enclave does not hold the key', async () => {
    enclave.behaviour = async (request, response) => {
      if (request.path !== '/attestation') return problem('not_found')(request, response);
      const nonce = Buffer.from(request.query.get('nonce') ?? '', 'hex');
      answer(response, 200, 'application/cose', await identity.document(nonce));
    };
    const [bench, proof] = [benchOf(), unverifiedProof()];
    const monitor = bench.monitor();
    await monitor.checkNow();
    monitor.enclaves[0].noteKeys({
      state: 'ready',
      custody: 'process',
      current: null,
      held: [],
      heldLegacy: [],
      kms: null,
    } as never);
    const keys = bench.keys(monitor);
    jest.spyOn(keys, 'isRetired').mockResolvedValue(true);
    const { messageId } = await accept(bench, proof);
    start(bench, monitor);
    expect(await ended(bench, messageId)).toMatchObject({ status: 'key_retired' });
    expect(relayed()).toBe(0);
    expect(await another(bench, proof)).toBe('accepted');
  });

  it('is freed only when no worker can send the message any more, and a worker suspended before the first byte sends nothing', async () => {
    const slow = benchOf({ delivery: { ...config.delivery, leaseMs: 2500 } });
    const proof = unverifiedProof();
    const { messageId } = await accept(slow, proof, inMs(1500));
    let resume: () => void = () => undefined;
    const stopped = new Promise<void>((resolve) => {
      resume = resolve;
    });
    let reached: () => void = () => undefined;
    const claimed = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const dispatch = slow.queue.dispatch.bind(slow.queue);
    const held = jest.spyOn(slow.queue, 'dispatch').mockImplementationOnce(async (job) => {
      reached();
      await stopped;
      return dispatch(job);
    });
    start(slow);
    await claimed;
    try {
      const other = benchOf();
      expect(await another(other, proof)).toBe('already_sent');
      start(other);
      expect(await ended(other, messageId)).toMatchObject({ status: 'expired' });
      const second = await accept(other, unverifiedProof({ nullifier: proof.nullifier }));
      expect(await ended(other, second.messageId)).toMatchObject({ status: 'delivered' });
    } finally {
      resume();
    }
    await slow.stopWorkers();
    expect(held).toHaveBeenCalled();
    expect(relayed()).toBe(1);
  });
});
