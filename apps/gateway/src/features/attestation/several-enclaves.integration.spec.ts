import { createNsm, type Nsm } from '@communique-tee/nsm';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { keyIdOf } from '@communique-tee/crypto';
import { toHex, type Outcome } from '@communique-tee/protocol';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { startPostgres, type Postgres } from '@communique-tee/testing/postgres';
import { DeliveryBench, type BenchConfig } from '../delivery/testing/delivery-bench';
import { EnclaveIdentity } from '../delivery/testing/enclave-identity';
import { TestEnclave, answer, problem, type Behaviour } from '../enclave/testing/test-enclave';
import { AttestationDocuments } from './attestation-documents';
import type { AttestationMonitor } from './attestation-monitor';

/** An enclave whose keys a test can replace, as a restart would. */
class Peer {
  readonly server: TestEnclave;
  relays = 0;
  outcomes: readonly Outcome[] = ['accepted'];
  onRelay: Behaviour | undefined;

  constructor(
    path: string,
    public identity: EnclaveIdentity,
  ) {
    this.server = new TestEnclave({ kind: 'unix', path }, async (request, response) => {
      const nonce = request.query.get('nonce');
      if (request.path === '/attestation') {
        answer(
          response,
          200,
          'application/cose',
          await this.identity.document(nonce === null ? undefined : Buffer.from(nonce, 'hex')),
        );
        return;
      }
      if (request.path !== '/messages') return problem('not_found')(request, response);
      this.relays++;
      if (this.onRelay !== undefined) return this.onRelay(request, response);
      answer(response, 200, 'application/cbor', await this.identity.encodedAnswer(request.body, this.outcomes));
    });
  }

  get keyId(): string {
    return toHex(this.identity.keyId);
  }
}

async function until<T>(read: () => Promise<T>, fits: (value: T) => boolean): Promise<T> {
  for (let round = 0; round < 3000; round++) {
    const value = await read();
    if (fits(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('the condition did not become true in time');
}

describe('the gateway with several enclaves', () => {
  let postgres: Postgres;
  let databaseUrl: string;
  let folder: TemporaryFolder;
  let config: BenchConfig;
  let nsm: Nsm;
  let one: Peer;
  let two: Peer;
  let bench: DeliveryBench;
  let monitor: AttestationMonitor;

  const identity = (by = nsm, pcr0: string = developmentMeasurements.pcr0) =>
    new EnclaveIdentity((fields) => by.attest(fields), pcr0);

  beforeAll(async () => {
    [postgres, folder] = await Promise.all([startPostgres(), temporaryFolder()]);
    databaseUrl = await postgres.createMigratedDatabase();
    nsm = createNsm(await createMockNsmTransport({ rootFolder: folder.file('root') }));
    config = {
      database: { url: databaseUrl, poolSize: 5 },
      enclave: { addresses: [`unix:${folder.file('one')}`, `unix:${folder.file('two')}`], timeoutMs: 20_000 },
      attestation: {
        verify: true,
        acceptedMeasurements: [developmentMeasurements],
        trustAnchorPem: await developmentRootPem(folder.file('root')),
        cacheMs: 60_000,
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
    one = new Peer(folder.file('one'), identity());
    two = new Peer(folder.file('two'), identity());
    await Promise.all([one.server.start(), two.server.start()]);
    bench = new DeliveryBench(config);
    monitor = bench.monitor();
    await monitor.checkNow();
  });
  afterEach(async () => {
    await bench.stopWorkers();
    await bench.database.client.deliveryJob.deleteMany();
    await bench.close();
    await Promise.all([one.server.stop(), two.server.stop()]);
  });

  const later = () => new Date(Date.now() + 3_600_000);
  const acceptFor = (peer: Peer) => bench.accept(later(), peer.identity.keyId).then(({ messageId }) => messageId);
  const start = () => {
    bench.worker(monitor).worker.onApplicationBootstrap();
  };
  const ended = (id: string) =>
    until(
      () => bench.message(id),
      ({ endedAt }) => endedAt !== null,
    );
  const waits = async (id: string) => {
    await new Promise((resolve) => setTimeout(resolve, 300)); // long enough for many polls
    const message = await bench.message(id);
    expect(message).toMatchObject({ endedAt: null, status: 'queued', attempts: 0, job: { dispatchedAt: null } });
  };

  it('reports each enclave separately, without its address', async () => {
    expect(monitor.views()).toEqual([one, two].map(({ keyId }, index) => ({ index, up: true, trusted: true, keyId })));
    await two.server.stop();
    await monitor.checkNow();
    expect(monitor.views()).toEqual([
      { index: 0, up: true, trusted: true, keyId: one.keyId },
      { index: 1, up: false, trusted: false, keyId: null },
    ]);
    expect(monitor.isTrusted()).toBe(true);
  });

  it('sends each enclave only messages sealed to its key', async () => {
    const forOne = await Promise.all([acceptFor(one), acceptFor(one), acceptFor(one)]);
    const forTwo = await Promise.all([acceptFor(two), acceptFor(two)]);
    start();
    for (const id of [...forOne, ...forTwo])
      expect(await ended(id)).toMatchObject({ status: 'delivered', attempts: 1 });
    expect([one.relays, two.relays]).toEqual([3, 2]);
  });

  it('shares messages among enclaves with the same key', async () => {
    two.identity = one.identity;
    await monitor.checkNow();
    const ids = await Promise.all(Array.from({ length: 12 }, () => acceptFor(one)));
    start();
    for (const id of ids) expect(await ended(id)).toMatchObject({ status: 'delivered' });
    expect(one.relays + two.relays).toBe(12);
  });

  it('keeps an unreachable enclave’s messages waiting, delivers the other enclave’s messages, and retires no message meanwhile', async () => {
    const [forOne, forTwo] = [await acceptFor(one), await acceptFor(two)];
    await two.server.stop();
    await monitor.checkNow();
    const { messageId: forUnheldKey } = await bench.accept(later());
    start();
    expect(await ended(forOne)).toMatchObject({ status: 'delivered' });
    await waits(forTwo);
    await waits(forUnheldKey); // as far as the gateway knows, enclave two may hold its key
    await two.server.start();
    await monitor.checkNow();
    expect(await ended(forTwo)).toMatchObject({ status: 'delivered', attempts: 1 });
    expect(await ended(forUnheldKey)).toMatchObject({
      status: 'key_retired',
      reason: 'key_retired',
      receipt: null,
      reservations: [{ settledMicroUsd: 0n }],
    });
  });

  it('sends no message to a refused enclave, not even one sealed to its key', async () => {
    const wrong = createNsm(
      await createMockNsmTransport({
        rootFolder: folder.file('root'),
        pcrs: new Map([[0, new Uint8Array(48).fill(9)]]),
      }),
    );
    two.identity = identity(wrong, '09'.repeat(48));
    await monitor.checkNow();
    expect(monitor.views()[1]).toEqual({ index: 1, up: true, trusted: false, keyId: null });
    const [forOne, forTwo] = [await acceptFor(one), await acceptFor(two)];
    start();
    expect(await ended(forOne)).toMatchObject({ status: 'delivered' });
    await waits(forTwo);
    expect(two.relays).toBe(0);
  });

  it('ends a message at its expiry even if its enclave is away', async () => {
    await two.server.stop();
    await monitor.checkNow();
    const { messageId } = await bench.accept(new Date(Date.now() + 300), two.identity.keyId);
    start();
    expect(await ended(messageId)).toMatchObject({ status: 'expired', job: null });
  });

  it('ends a message as key_retired if its enclave restarted unnoticed with a new key, and asks no other enclave', async () => {
    const old = await acceptFor(two);
    two.identity = identity();
    two.onRelay = problem('key_retired');
    start();
    expect(await ended(old)).toMatchObject({ status: 'key_retired', attempts: 1 });
    expect([one.relays, two.relays]).toEqual([0, 1]);
    expect(monitor.views()[1]?.keyId).toBe(two.keyId);
  });

  it('does not retire a message whose key is newer than the last check', async () => {
    two.identity = identity();
    const id = await acceptFor(two); // the monitor knows of no such key
    start();
    expect(await ended(id)).toMatchObject({ status: 'delivered', attempts: 1 });
  });

  it('does not end a message by one enclave’s report if another enclave holds the key', async () => {
    const moved = two.identity;
    const id = await bench.accept(later(), moved.keyId).then(({ messageId }) => messageId);
    two.onRelay = problem('key_retired');
    two.identity = one.identity;
    one.identity = moved; // the key moved, and the monitor has not seen it yet
    start();
    expect(await ended(id)).toMatchObject({ status: 'delivered', attempts: 2 });
    expect([one.relays, two.relays]).toEqual([1, 1]);
  });

  it('ends a message as unknown if it was relayed without an answer and no enclave holds its key', async () => {
    const id = await acceptFor(two);
    await bench.database.client.deliveryJob.update({ where: { messageId: id }, data: { dispatchedAt: new Date() } });
    two.identity = identity();
    await monitor.checkNow();
    start();
    expect(await ended(id)).toMatchObject({ status: 'unknown', reason: 'key_retired' });
  });

  it('delays only the messages of a busy enclave', async () => {
    two.onRelay = problem('enclave_busy');
    const forTwo = await Promise.all(Array.from({ length: 4 }, () => acceptFor(two)));
    const { worker } = bench.worker(monitor);
    worker.onApplicationBootstrap();
    await until(
      () => Promise.resolve(worker.paces()),
      (paces) => paces[1]?.limit === 1,
    );
    expect(worker.paces()[0]?.limit).toBe(4);
    expect(await ended(await acceptFor(one))).toMatchObject({ status: 'delivered' });
    two.onRelay = undefined;
    for (const id of forTwo) expect(await ended(id)).toMatchObject({ status: 'delivered' });
  });

  describe('attestation documents', () => {
    const keysOf = async (documents: AttestationDocuments, nonce?: Uint8Array) => {
      const found: string[] = [];
      for (let n = 0; n < 4; n++) {
        const { content } = await (nonce === undefined ? documents.shared() : documents.fresh(nonce));
        found.push(toHex(keyIdOf(content.publicKey ?? new Uint8Array())));
      }
      return found;
    };
    const asked = () => [one, two].map(({ server }) => server.requests.length);
    const nonce = new Uint8Array(16).fill(1);

    it('come from the trusted enclaves in turn; without a nonce, the gateway asks each enclave once', async () => {
      const documents = new AttestationDocuments(config, monitor);
      expect(new Set(await keysOf(documents, nonce))).toEqual(new Set([one.keyId, two.keyId]));
      const before = asked();
      expect((await keysOf(documents)).sort()).toEqual([one.keyId, one.keyId, two.keyId, two.keyId].sort());
      expect(asked()).toEqual(before.map((count) => count + 1));
    });

    it('come from the other enclave if one is down, even before a check has noticed that', async () => {
      const documents = new AttestationDocuments(config, monitor);
      await two.server.stop();
      expect(await keysOf(documents, nonce)).toEqual(Array.from({ length: 4 }, () => one.keyId));
      await monitor.checkNow();
      expect(await keysOf(documents)).toEqual(Array.from({ length: 4 }, () => one.keyId));
    });

    it('are not returned again once their key is gone', async () => {
      const documents = new AttestationDocuments(config, monitor);
      const old = two.keyId;
      expect(await keysOf(documents)).toContain(old);
      two.identity = identity();
      await monitor.checkNow();
      const found = await keysOf(documents);
      expect(found).not.toContain(old);
      expect(found).toContain(two.keyId);
    });

    it('fail with the enclave’s reason if no enclave gives a document', async () => {
      const documents = new AttestationDocuments(config, monitor);
      await Promise.all([one.server.stop(), two.server.stop()]);
      await expect(documents.fresh(nonce)).rejects.toMatchObject({ code: 'enclave_unavailable' });
    });
  });
});
