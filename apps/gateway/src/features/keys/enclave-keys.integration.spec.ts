import { randomBytes } from 'node:crypto';
import { keyIdOf } from '@communique-tee/crypto';
import { createNsm, type Nsm } from '@communique-tee/nsm';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import {
  decodeKeyOffer,
  encodeCanonical,
  encodeKeyStatus,
  fromHex,
  MAX_KEY_STATUS_BYTES,
  toHex,
  type KeyStatus,
} from '@communique-tee/protocol';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { startPostgres, type Postgres } from '@communique-tee/testing/postgres';
import type { AttestationMonitor } from '../attestation/attestation-monitor';
import { DeliveryBench, type BenchConfig } from '../delivery/testing/delivery-bench';
import { answer, problem } from '../enclave/testing/test-enclave';
import type { EnclaveKeys } from './enclave-keys';
import { MAX_LIVE_KEYS_PER_IMAGE, SealedKeyStore } from './sealed-key-store';
import { ALIAS, KeyedEnclave, makeRecord, nowSeconds, type SimulatedKms } from './testing/keyed-enclave';
import { EnclaveIdentity } from '../delivery/testing/enclave-identity';

const OTHER_PCR0 = '09'.repeat(48);
const CANARY = 'xSesamexSecretxAccessxKeyx';

interface Gateway {
  readonly bench: DeliveryBench;
  readonly monitor: AttestationMonitor;
  readonly keys: EnclaveKeys;
}

async function until<T>(read: () => T | Promise<T>, fits: (value: T) => boolean): Promise<T> {
  let last: T | undefined;
  for (let round = 0; round < 1500; round++) {
    last = await read();
    if (fits(last)) return last;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`the condition did not become true in time: ${JSON.stringify(last)}`);
}

describe('enclave keys', () => {
  let postgres: Postgres;
  let databaseUrl: string;
  let folder: TemporaryFolder;
  let nsm: Nsm;
  let otherNsm: Nsm;
  let config: BenchConfig;
  let simulatedKms: SimulatedKms;
  let enclaves: KeyedEnclave[];
  const gateways: Gateway[] = [];

  const enclaveAt = (at: number): KeyedEnclave => {
    const enclave = enclaves[at];
    if (enclave === undefined) throw new Error('no such enclave');
    return enclave;
  };
  const attest = (fields: Parameters<Nsm['attest']>[0]) => nsm.attest(fields);
  const pcr0 = developmentMeasurements.pcr0;

  beforeAll(async () => {
    [postgres, folder] = await Promise.all([startPostgres({ own: true }), temporaryFolder()]);
    databaseUrl = await postgres.createMigratedDatabase();
    nsm = createNsm(await createMockNsmTransport({ rootFolder: folder.file('root') }));
    otherNsm = createNsm(
      await createMockNsmTransport({ rootFolder: folder.file('root'), pcrs: new Map([[0, fromHex(OTHER_PCR0)]]) }),
    );
    config = {
      database: { url: databaseUrl, poolSize: 5 },
      enclave: {
        addresses: [`unix:${folder.file('e0')}`, `unix:${folder.file('e1')}`, `unix:${folder.file('e2')}`],
        timeoutMs: 20_000,
      },
      attestation: {
        verify: true,
        acceptedMeasurements: [developmentMeasurements, { pcr0: OTHER_PCR0, pcr3: developmentMeasurements.pcr3 }],
        trustAnchorPem: await developmentRootPem(folder.file('root')),
        cacheMs: 60_000,
        maxAgeMs: 60_000,
      },
      delivery: { concurrency: 6, leaseMs: 60_000, minBackoffMs: 10, maxBackoffMs: 50, pollMs: 20 },
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
    simulatedKms = new Map();
    enclaves = [0, 1, 2].map((at) => new KeyedEnclave(folder.file(`e${String(at)}`), simulatedKms, attest, pcr0));
    await Promise.all(enclaves.map(({ server }) => server.start()));
  });
  afterEach(async () => {
    const [first] = gateways;
    await Promise.all(
      gateways.map(async ({ bench, keys }) => {
        await bench.stopWorkers();
        await keys.beforeApplicationShutdown();
      }),
    );
    await first?.bench.database.client.deliveryJob.deleteMany();
    await first?.bench.database.client.sealedKey.deleteMany();
    await Promise.all(gateways.splice(0).map(({ bench }) => bench.close()));
    await Promise.all(enclaves.map(({ server }) => server.stop()));
  });

  function gateway(over: Partial<BenchConfig> = {}, secretsFile?: string): Gateway {
    const bench = new DeliveryBench({ ...config, ...over });
    bench.findCredentials = () =>
      Promise.resolve({
        accessKeyId: 'AKIDTEST',
        secretAccessKey: CANARY,
        sessionToken: `${CANARY}Token`,
        expiration: new Date(Date.now() + 3_600_000),
      });
    const monitor = bench.monitor();
    const made = { bench, monitor, keys: bench.keys(monitor, secretsFile) };
    gateways.push(made);
    return made;
  }
  const one = (over: Partial<BenchConfig> = {}) =>
    gateway({ enclave: { addresses: [`unix:${folder.file('e0')}`], timeoutMs: 20_000 }, ...over });
  const start = ({ monitor, keys }: Gateway) => {
    monitor.onApplicationBootstrap();
    keys.onApplicationBootstrap();
  };
  const rows = ({ bench }: Gateway) =>
    bench.database.client.sealedKey.findMany({ orderBy: [{ pcr0: 'asc' }, { epoch: 'asc' }] });
  const revoke = ({ bench }: Gateway, keyId: string) =>
    bench.database.client.sealedKey.update({
      where: { keyId: new Uint8Array(fromHex(keyId)) },
      data: { record: null, revokedAt: new Date(), revokedBy: 'a test', revokedWhy: 'to see' },
    });
  const status = (over: Partial<KeyStatus> = {}): KeyStatus => ({
    custody: ALIAS,
    state: 'waiting',
    wants: { credentials: true, secrets: [] },
    current: null,
    held: [],
    proposal: null,
    refused: [],
    refused_secrets: [],
    kms: null,
    ...over,
  });
  const says = (over: Partial<KeyStatus>) => (_request: unknown, response: Parameters<typeof answer>[0]) => {
    answer(response, 200, 'application/cbor', encodeKeyStatus(status(over)));
  };
  const all = (monitor: AttestationMonitor) => monitor.enclaves.every((enclave) => enclave.heldKeyIds() !== null);

  it('are the same for three enclaves that start at once behind three gateways', async () => {
    const three = [gateway(), gateway(), gateway()];
    three.forEach(start);
    await until(() => three.every(({ monitor }) => all(monitor)), Boolean);
    const [first] = three as [Gateway];
    const stored = await rows(first);
    expect(stored).toMatchObject([{ epoch: 1n, custody: ALIAS, revokedAt: null }]);
    const [row] = stored;
    expect(enclaves.map(({ keyId }) => keyId)).toEqual(
      Array.from({ length: 3 }, () => toHex(row?.keyId ?? new Uint8Array())),
    );
    for (const { monitor } of three)
      expect(monitor.views().map(({ keyId }) => keyId)).toEqual(enclaves.map(({ keyId }) => keyId));
  });

  it('of the legacy suite are live as long as the record that names them', async () => {
    const here = one();
    const legacyKey = new Uint8Array(randomBytes(32));
    const { core, record } = await makeRecord(new EnclaveIdentity(attest, pcr0, ALIAS), attest, {
      epoch: 1,
      pcr0: new Uint8Array(fromHex(pcr0)),
      legacy_key: legacyKey,
    });
    const store = new SealedKeyStore(here.bench.database);
    expect(await store.add(core, record)).toBe('stored');
    expect(await store.stateOf(keyIdOf(legacyKey))).toBe('live');
    expect(await store.stateOf(new Uint8Array(randomBytes(16)))).toBe('none');
    await revoke(here, toHex(core.key_id));
    expect(await store.stateOf(keyIdOf(legacyKey))).toBe('none');
  });

  it("expire by PostgreSQL's clock, not by the gateway's", async () => {
    const store = new SealedKeyStore(one().bench.database);
    const { core, record } = await makeRecord(new EnclaveIdentity(attest, pcr0, ALIAS), attest, {
      epoch: 1,
      pcr0: new Uint8Array(fromHex(pcr0)),
    });
    expect(await store.add(core, record)).toBe('stored');
    jest.useFakeTimers({
      now: Date.parse('2100-01-01'),
      doNotFake: [
        'nextTick',
        'performance',
        'queueMicrotask',
        'setImmediate',
        'setInterval',
        'setTimeout',
        'clearTimeout',
      ],
    });
    try {
      const listed = await store.list();
      expect(listed.find(({ keyId }) => keyId === toHex(core.key_id))).toMatchObject({ state: 'live' });
    } finally {
      jest.useRealTimers();
    }
  });

  it('of the legacy suite count as held, and not as retired, if an enclave reports them', async () => {
    const here = one({ attestation: { ...config.attestation, verify: false } });
    const [current, legacy] = [new Uint8Array(randomBytes(16)), new Uint8Array(randomBytes(16))];
    enclaveAt(0).onKeys = says({ state: 'ready', current, held: [current], held_legacy: [legacy] });
    start(here);
    expect(
      await until(
        () => here.monitor.enclaves[0].heldKeyIds(),
        (ids) => ids !== null,
      ),
    ).toEqual([toHex(current), toHex(legacy)]);
    expect(here.monitor.enclaves[0].keys()?.held).toEqual([toHex(current)]);
    expect(await here.keys.isRetired(toHex(legacy))).toBe(false);
    expect(await here.keys.isRetired('00'.repeat(16))).toBe(true);
  });

  it('are restored after a restart, and the messages that waited for them are delivered', async () => {
    const here = one();
    start(here);
    await until(() => all(here.monitor), Boolean);
    const { keyId } = enclaveAt(0);
    await enclaveAt(0).server.stop();
    enclaveAt(0).forget();
    await here.monitor.checkNow();
    const { messageId } = await here.bench.accept(new Date(Date.now() + 3_600_000), fromHex(keyId));
    here.bench.worker(here.monitor).worker.onApplicationBootstrap();
    await enclaveAt(0).server.start();
    expect(
      await until(
        () => here.bench.message(messageId),
        ({ endedAt }) => endedAt !== null,
      ),
    ).toMatchObject({ status: 'delivered', attempts: 1 });
    expect(enclaveAt(0).keyId).toBe(keyId);
    expect(await rows(here)).toHaveLength(1);
  });

  it('that three enclaves hold let the gateway spread messages over the three and relay each message once', async () => {
    const here = gateway();
    start(here);
    await until(() => all(here.monitor), Boolean);
    const ids = await Promise.all(
      Array.from({ length: 30 }, () =>
        here.bench
          .accept(new Date(Date.now() + 3_600_000), fromHex(enclaveAt(0).keyId))
          .then(({ messageId }) => messageId),
      ),
    );
    here.bench.worker(here.monitor).worker.onApplicationBootstrap();
    for (const id of ids)
      expect(
        await until(
          () => here.bench.message(id),
          ({ endedAt }) => endedAt !== null,
        ),
      ).toMatchObject({ status: 'delivered', attempts: 1 });
    const relays = enclaves.map((enclave) => enclave.relays);
    expect(relays.reduce((sum, each) => sum + each)).toBe(30);
    expect(relays.filter((each) => each > 0)).toHaveLength(3);
  });

  it('whose records no enclave can open do not block other keys', async () => {
    const here = one();
    const { core, record } = await enclaveAt(0).propose();
    simulatedKms.delete(toHex(core.key_id));
    await here.bench.sealedKeys.add(core, record);
    await here.keys.syncNow();
    expect(enclaveAt(0).current?.epoch).toBe(2);
    expect(await rows(here)).toHaveLength(2);
  });

  it('may have the epoch of a revoked key after the enclave restarts', async () => {
    const here = one();
    await here.keys.syncNow();
    const first = enclaveAt(0).keyId;
    await revoke(here, first);
    enclaveAt(0).forget();
    await here.keys.syncNow();
    expect(enclaveAt(0).keyId).not.toBe(first);
    expect(await rows(here)).toMatchObject([{ epoch: 1n }, { epoch: 1n }]);
  });

  it('rotate: the new key becomes current in every enclave, and every enclave still holds the old key', async () => {
    const [here, there] = [gateway(), gateway()];
    [here, there].forEach(start);
    await until(() => all(here.monitor) && all(there.monitor), Boolean);
    const old = enclaveAt(0).keyId;
    for (const enclave of enclaves) enclave.rotatedEpoch = 1;
    await here.keys.syncNow();
    await until(
      () =>
        [here, there].every(({ monitor }) =>
          monitor.enclaves.every((enclave) => enclave.keyId() !== old && enclave.heldKeyIds()?.length === 2),
        ),
      Boolean,
    );
    expect(new Set(enclaves.map(({ keyId }) => keyId)).size).toBe(1);
    expect(await rows(here)).toMatchObject([{ epoch: 1n }, { epoch: 2n }]);
  });

  it('that are revoked are removed from every enclave and replaced, and messages sealed to them end', async () => {
    const [here, there] = [gateway(), gateway()];
    [here, there].forEach(start);
    await until(() => all(here.monitor) && all(there.monitor), Boolean);
    const old = enclaveAt(0).keyId;
    const { messageId } = await here.bench.accept(new Date(Date.now() + 3_600_000), fromHex(old));
    await revoke(here, old);
    await until(
      () =>
        enclaves.every((enclave) => enclave.held.size > 0 && !enclave.held.has(old)) &&
        new Set(enclaves.map(({ keyId }) => keyId)).size === 1,
      Boolean,
    );
    await until(() => here.keys.revokedKeyIds().includes(old), Boolean);
    await enclaveAt(2).server.stop(); // the sync does not wait for an enclave that is away
    here.bench.worker(here.monitor).worker.onApplicationBootstrap();
    expect(
      await until(
        () => here.bench.message(messageId),
        ({ endedAt }) => endedAt !== null,
      ),
    ).toMatchObject({ status: 'key_retired', reservations: [{ settledMicroUsd: 0n }] });
    expect(enclaves.map(({ relays }) => relays)).toEqual([0, 0, 0]);
  });

  it('of two images are all offered to each enclave, which gets only messages sealed to keys of its own image', async () => {
    enclaveAt(1).replaceImage((fields) => otherNsm.attest(fields), OTHER_PCR0);
    const here = gateway();
    start(here);
    await until(() => all(here.monitor), Boolean);
    const [old, fresh] = [enclaveAt(0), enclaveAt(1)];
    expect(enclaveAt(2).keyId).toBe(old.keyId);
    expect(fresh.keyId).not.toBe(old.keyId);
    await here.keys.syncNow();
    // The gateway first sends an empty offer to an enclave that it has just reached again
    const offered = () => enclaves.map(({ offers }) => offers.at(-1)?.records.length);
    expect(
      await until(
        () => offered(),
        (lengths) => lengths.every((length) => length === 2),
      ),
    ).toEqual([2, 2, 2]);
    const toOld = await here.bench.accept(new Date(Date.now() + 3_600_000), fromHex(old.keyId));
    const toFresh = await here.bench.accept(new Date(Date.now() + 3_600_000), fromHex(fresh.keyId));
    here.bench.worker(here.monitor).worker.onApplicationBootstrap();
    for (const { messageId } of [toOld, toFresh])
      expect(
        await until(
          () => here.bench.message(messageId),
          ({ endedAt }) => endedAt !== null,
        ),
      ).toMatchObject({ status: 'delivered', attempts: 1 });
    expect(fresh.relays).toBe(1);
  });

  describe('are not offered to every enclave:', () => {
    it('an enclave with per-process keys gets empty offers', async () => {
      enclaveAt(0).onKeys = (request, response) => {
        enclaveAt(0).offers.push(JSON.parse('{}') as never);
        says({
          custody: 'process',
          state: 'ready',
          wants: { credentials: true, secrets: [] },
          proposal: new Uint8Array(10),
        })(request, response);
      };
      const here = one();
      let asked = 0;
      here.bench.findCredentials = () => {
        asked++;
        return Promise.reject(new Error('no'));
      };
      await here.keys.syncNow();
      await here.keys.syncNow();
      const bodies = enclaveAt(0)
        .server.requests.filter(({ path }) => path === '/keys')
        .map(({ body }) => toHex(body));
      expect(new Set(bodies)).toEqual(
        new Set([toHex(encodeCanonical({ v: 1, credentials: null, records: [], revoked: [], secrets: {} }))]),
      );
      expect([bodies.length, asked, (await rows(here)).length]).toEqual([2, 0, 0]);
      expect(here.monitor.enclaves[0].keys()).toMatchObject({ custody: 'process', state: 'ready' });
    });

    it('for an enclave with per-process keys and a secret to open, the gateway requests credentials but offers no key records', async () => {
      enclaveAt(0).onKeys = (request, response) =>
        says({
          custody: 'process',
          state: 'waiting',
          wants: { credentials: true, secrets: ['cwc-house'] },
          proposal: new Uint8Array(10),
        })(request, response);
      const here = one();
      let asked = 0;
      here.bench.findCredentials = () => {
        asked++;
        return Promise.reject(new Error('no'));
      };
      await here.keys.syncNow();
      expect(asked).toBeGreaterThan(0);
      expect(await rows(here)).toEqual([]);
      const offered = enclaveAt(0)
        .server.requests.filter(({ path }) => path === '/keys')
        .map(({ body }) => decodeKeyOffer(body));
      expect(offered.flatMap(({ records, revoked }) => [...records, ...revoked])).toEqual([]);
    });

    it('an older enclave without the route /keys counts as ready with per-process keys', async () => {
      enclaveAt(0).onKeys = problem('not_found');
      const here = one();
      await here.keys.syncNow();
      expect(here.monitor.enclaves[0].keys()).toEqual({
        custody: 'process',
        state: 'ready',
        current: null,
        currentSince: null,
        held: null,
        kms: null,
      });
    });

    it('an enclave of an image that is not accepted gets nothing, and none of its records is stored', async () => {
      const here = one({
        attestation: { ...config.attestation, acceptedMeasurements: [{ pcr0: OTHER_PCR0, operator: 'any' }] },
      });
      const made = await enclaveAt(0).propose();
      enclaveAt(0).held.set(toHex(made.core.key_id), made.core); // so that the enclave attests a key
      await here.monitor.checkNow();
      expect(here.monitor.state().kind).toBe('refused');
      enclaveAt(0).rotatedEpoch = 1;
      await here.keys.syncNow();
      expect(
        enclaveAt(0).offers.every(({ credentials, records }) => credentials === null && records.length === 0),
      ).toBe(true);
      expect(await rows(here)).toEqual([]);
    });

    it('only an enclave that wants credentials gets them, and no log line contains them', async () => {
      const here = one();
      enclaveAt(0).wants = { credentials: false, secrets: [] };
      await here.keys.syncNow();
      expect(enclaveAt(0).credentials).toBeNull();
      enclaveAt(0).wants = { credentials: true, secrets: [] };
      await here.keys.syncNow();
      expect(enclaveAt(0).credentials).toMatchObject({ access_key_id: 'AKIDTEST', secret_access_key: CANARY });
      expect(here.bench.lines.join('')).not.toMatch(/AKIDTEST|Sesame/);
    });
  });

  describe('that are proposed', () => {
    const proposed = async (here: Gateway, proposal: Uint8Array) => {
      enclaveAt(0).onKeys = says({ proposal });
      await here.keys.syncNow();
      return {
        count: (await rows(here)).length,
        codes: [...here.bench.lines.join('').matchAll(/"code":"([a-z_]+)"[^}]*proposes is not stored/g)].map(
          (match) => match[1],
        ),
      };
    };
    const identity = (by: Nsm, image = pcr0) => new EnclaveIdentity((fields) => by.attest(fields), image, ALIAS);
    const made = async (changes: Parameters<typeof makeRecord>[2] | object = {}, by = nsm) =>
      (await makeRecord(identity(by), (fields) => by.attest(fields), { epoch: 1, pcr0: fromHex(pcr0), ...changes }))
        .record;

    it('and valid are stored once', async () => {
      expect(await proposed(one(), await made())).toEqual({ count: 1, codes: [] });
    });

    it.each<[string, string, () => Promise<Uint8Array>]>([
      ['noise instead of a record', 'malformed', () => Promise.resolve(new Uint8Array(randomBytes(5000)))],
      ['another custody', 'other_custody', () => made({ custody: `${ALIAS}-other` })],
      ['an image that is not accepted', 'other_image', () => made({ pcr0: new Uint8Array(48).fill(3) })],
      ['an image that its maker does not have', 'maker_refused', () => made({ pcr0: fromHex(OTHER_PCR0) })],
      ['a maker whose attestation shows another image', 'maker_refused', () => made({}, otherNsm)],
      [
        'a creation time in the future',
        'times_invalid',
        () => made({ created: nowSeconds() + 3600, rotate_after: nowSeconds() + 7200 }),
      ],
      [
        'an end in the past',
        'times_invalid',
        () => made({ created: 1000, rotate_after: 2000, destroy_after: nowSeconds() }),
      ],
      [
        'an end in ten years',
        'times_invalid',
        () => made({ rotate_after: nowSeconds() + 86_400, destroy_after: nowSeconds() + 3650 * 86_400 }),
      ],
      [
        'a creation time long before its maker’s attestation',
        'maker_refused',
        () => made({ created: nowSeconds() - 3600 }),
      ],
    ])('with %s are refused', async (_name, code, make) => {
      const here = one();
      const { count, codes } = await proposed(here, await make());
      expect([count, new Set(codes)]).toEqual([0, new Set([code])]);
    });

    it('with one changed byte are refused', async () => {
      const here = one();
      const record = await made();
      const at = Buffer.from(record).indexOf(Buffer.from('epoch')) + 5;
      const changed = Uint8Array.from(record);
      changed[at] = 2; // changes the epoch
      expect(await proposed(here, changed)).toMatchObject({
        count: 0,
        codes: expect.arrayContaining(['maker_refused']) as unknown,
      });
    });

    describe('whose place in the table is taken', () => {
      const forged = (epoch: number, record: Uint8Array = randomBytes(500)) => ({
        keyId: new Uint8Array(randomBytes(16)),
        custody: ALIAS,
        pcr0: new Uint8Array(fromHex(pcr0)),
        epoch: BigInt(epoch),
        record: new Uint8Array(record),
        rotateAfter: new Date('2100-01-01'),
        destroyAfter: new Date('2101-01-01'),
      });
      const live = async (here: Gateway) =>
        (await rows(here)).flatMap(({ keyId, record }) => (record === null ? [] : [toHex(keyId)]));

      it('are stored with an epoch that a forged row had used', async () => {
        const here = one();
        const { core, record } = await makeRecord(identity(nsm), attest, { epoch: 1, pcr0: fromHex(pcr0) });
        // An enclave made this record, but the columns of its row contradict it
        const moved = await made({ epoch: 7 });
        await here.bench.database.client.sealedKey.createMany({ data: [forged(1, moved), forged(2)] });
        await proposed(here, record);
        expect(await live(here)).toContain(toHex(core.key_id));
        expect(await live(here)).toHaveLength(2); // the other forged row blocks no new key
        expect(here.bench.lines.join('')).toContain('no enclave made');
      });

      it('are stored after forged rows had filled the table, and enclaves’ own records stay', async () => {
        const here = one();
        const store = new SealedKeyStore(here.bench.database);
        const first = await makeRecord(identity(nsm), attest, { epoch: 1, pcr0: fromHex(pcr0) });
        const other = await makeRecord(identity(otherNsm, OTHER_PCR0), (fields) => otherNsm.attest(fields), {
          epoch: 1,
          pcr0: fromHex(OTHER_PCR0),
        });
        for (const { core, record } of [first, other]) expect(await store.add(core, record)).toBe('stored');
        await here.bench.database.client.sealedKey.createMany({
          data: Array.from({ length: 300 }, (_, at) => forged(at + 2)),
        });
        const next = await makeRecord(identity(nsm), attest, { epoch: 2, pcr0: fromHex(pcr0) });
        await proposed(here, next.record);
        expect((await live(here)).sort()).toEqual([first, other, next].map(({ core }) => toHex(core.key_id)).sort());
      });

      it('do not replace another key that an enclave made', async () => {
        const here = one();
        const [first, second] = [await made(), await made()];
        await proposed(here, first);
        await proposed(here, second);
        expect(await live(here)).toHaveLength(1);
        expect(here.bench.lines.join('')).not.toContain('no enclave made');
      });
    });

    it('in any number are stored only up to the limit, even if the gateway does not verify their makers', async () => {
      let epoch = 0;
      const here = one({ attestation: { verify: false, acceptedMeasurements: [], cacheMs: 0, maxAgeMs: 0 } });
      const maker = new EnclaveIdentity(() => Promise.resolve(new Uint8Array(9)), pcr0, ALIAS);
      enclaveAt(0).onKeys = async (request, response) => {
        const { record } = await makeRecord(
          new EnclaveIdentity(() => Promise.resolve(new Uint8Array(9)), pcr0, ALIAS),
          () => Promise.resolve(maker.keyId),
          { epoch: ++epoch, pcr0: fromHex(pcr0) },
        );
        says({ proposal: record })(request, response);
      };
      for (let round = 0; round < 20; round++) await here.keys.syncNow();
      expect(epoch).toBeGreaterThan(MAX_LIVE_KEYS_PER_IMAGE);
      expect(epoch).toBeLessThanOrEqual(80); // each of the 20 syncs has at most four exchanges
      expect(await rows(here)).toHaveLength(MAX_LIVE_KEYS_PER_IMAGE);
    });
  });

  it.each<[string, KeyedEnclave['onKeys']]>([
    [
      'huge',
      (_request, response) => {
        answer(response, 200, 'application/cbor', new Uint8Array(MAX_KEY_STATUS_BYTES + 1));
      },
    ],
    [
      'noise',
      (_request, response) => {
        answer(response, 200, 'application/cbor', new Uint8Array(randomBytes(100)));
      },
    ],
    [
      'of another type',
      (_request, response) => {
        answer(response, 200, 'text/html', '<html>');
      },
    ],
    [
      'of another shape',
      (_request, response) => {
        answer(response, 200, 'application/cbor', encodeCanonical({ ...status(), v: 1, more: 1 }));
      },
    ],
    [
      'an error',
      (_request, response) => {
        answer(response, 500, 'text/plain', 'x'.repeat(100));
      },
    ],
  ])('are unknown after an answer that is %s', async (_name, behaviour) => {
    const here = one();
    enclaveAt(0).onKeys = behaviour;
    await here.keys.syncNow();
    expect(here.monitor.enclaves[0].keys()).toBeNull();
    expect(await here.keys.isRetired('ab'.repeat(16))).toBe(false);
  });

  it('stay in the enclave while the database is away, and are restored to a restarted enclave afterwards', async () => {
    const here = one();
    await here.keys.syncNow();
    await here.monitor.checkNow();
    const { keyId } = enclaveAt(0);
    await postgres.kill();
    await here.keys.syncNow();
    await here.keys.syncNow();
    expect(enclaveAt(0).keyId).toBe(keyId);
    expect(enclaveAt(0).offers.at(-1)).toEqual({ credentials: null, records: [], revoked: [], secrets: {} });
    expect(here.monitor.enclaves[0].heldKeyIds()).toEqual([keyId]);
    await expect(here.keys.isRetired('ab'.repeat(16))).rejects.toMatchObject({ code: 'database_unavailable' });
    await postgres.restart();
    enclaveAt(0).forget();
    await until(
      async () => {
        await here.keys.syncNow();
        return enclaveAt(0).keyId;
      },
      (now) => now === keyId,
    );
  });

  describe('are reported as retired', () => {
    let here: Gateway;
    beforeEach(async () => {
      here = gateway();
      start(here);
      await until(() => all(here.monitor), Boolean);
    });
    const UNHELD_KEY_ID = 'ab'.repeat(16);

    it('if every enclave is trusted and ready and lacks the key, and the database has no record of it', async () => {
      expect(await here.keys.isRetired(UNHELD_KEY_ID)).toBe(true);
    });

    it('not if an enclave holds the key', async () => {
      expect(await here.keys.isRetired(enclaveAt(0).keyId)).toBe(false);
    });

    it('not if an enclave holds the key, even if there is no record of it', async () => {
      const key = await enclaveAt(1).propose({ epoch: 1 });
      enclaveAt(1).held.set(toHex(key.core.key_id), { ...key.core, epoch: 0.5 });
      expect(await here.keys.isRetired(toHex(key.core.key_id))).toBe(false);
    });

    it('not if an enclave is away', async () => {
      await enclaveAt(1).server.stop();
      expect(await here.keys.isRetired(UNHELD_KEY_ID)).toBe(false);
    });

    it('not if an enclave waits for its keys', async () => {
      enclaveAt(1).onKeys = says({ state: 'waiting' });
      expect(await here.keys.isRetired(UNHELD_KEY_ID)).toBe(false);
    });

    it('not if an enclave is not trusted', async () => {
      enclaves[1]?.held.clear(); // the enclave attests nothing
      enclaveAt(1).onKeys = says({ state: 'ready' });
      await here.monitor.checkNow();
      expect(await here.keys.isRetired(UNHELD_KEY_ID)).toBe(false);
    });

    it('not while the database has a record that no enclave opens', async () => {
      const { core, record } = await enclaveAt(0).propose({ epoch: 7 });
      simulatedKms.delete(toHex(core.key_id));
      await here.bench.sealedKeys.add(core, record);
      expect(await here.keys.isRetired(toHex(core.key_id))).toBe(false);
      await here.bench.database.client.sealedKey.update({
        where: { keyId: new Uint8Array(core.key_id) },
        data: { destroyAfter: new Date(Date.now() - 1000), rotateAfter: new Date(Date.now() - 2000) },
      });
      expect(await here.keys.isRetired(toHex(core.key_id))).toBe(true);
    });

    it('at once if they are revoked, even if an enclave is away', async () => {
      const { keyId } = enclaveAt(0);
      await enclaveAt(1).server.stop();
      await revoke(here, keyId);
      expect(await here.keys.isRetired(keyId)).toBe(true);
    });
  });

  describe('of a single enclave:', () => {
    it('a message waits if the enclave reports its key as retired but the database can restore the key', async () => {
      const here = one();
      start(here);
      await until(() => all(here.monitor), Boolean);
      const { messageId } = await here.bench.accept(new Date(Date.now() + 3_600_000), fromHex(enclaveAt(0).keyId));
      enclaveAt(0).onRelay = problem('key_retired');
      here.bench.worker(here.monitor).worker.onApplicationBootstrap();
      await until(
        () => enclaveAt(0).relays,
        (relays) => relays > 1,
      );
      expect(await here.bench.message(messageId)).toMatchObject({ endedAt: null });
      enclaveAt(0).onRelay = undefined;
      expect(
        await until(
          () => here.bench.message(messageId),
          ({ endedAt }) => endedAt !== null,
        ),
      ).toMatchObject({ status: 'delivered' });
    });

    it('a message waits while the keys are not ready, which counts as no attempt, and is delivered afterwards', async () => {
      const here = one();
      start(here);
      await until(() => all(here.monitor), Boolean);
      const { messageId } = await here.bench.accept(new Date(Date.now() + 3_600_000), fromHex(enclaveAt(0).keyId));
      enclaveAt(0).onRelay = problem('keys_not_ready');
      here.bench.worker(here.monitor).worker.onApplicationBootstrap();
      await until(
        () => enclaveAt(0).relays,
        (relays) => relays > 3,
      );
      enclaveAt(0).onRelay = undefined;
      expect(
        await until(
          () => here.bench.message(messageId),
          ({ endedAt }) => endedAt !== null,
        ),
      ).toMatchObject({ status: 'delivered', attempts: 1 });
    });
  });
});
