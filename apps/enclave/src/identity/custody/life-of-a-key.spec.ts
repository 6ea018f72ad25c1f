import { toHex } from '@communique-tee/protocol';
import { RecordStore } from '../../testing/record-store';
import {
  ALIAS,
  DAY_MS,
  HOUR_MS,
  startSealedWorld,
  type SealedEnclave,
  type SealedWorld,
} from '../../testing/sealed-world';
import { Sender } from '../../testing/sender';

let world: SealedWorld;
let sender: Sender;
let store: RecordStore;
beforeAll(async () => {
  world = await startSealedWorld();
  sender = new Sender(world.trustAnchor, () => world.time.nowMs());
});
afterAll(() => world.stop());
beforeEach(() => {
  store = new RecordStore();
  world.congress.clearReceived();
});

const ids = (keyIds: readonly Uint8Array[]) => keyIds.map(toHex);
const epochs = () => store.cores.map(({ epoch }) => epoch).sort();
/** Advances the NSM's time; a new document then anchors the enclaves' clocks. */
const passes = async (ms: number, ...enclaves: SealedEnclave[]) => {
  world.time.offsetMs += ms;
  for (const { url } of enclaves) await fetch(`${url}/attestation?nonce=${'ab'.repeat(16)}`);
};

describe('an enclave with KMS-sealed keys', () => {
  it('listens before it has any key, refuses messages, and reports that it needs credentials', async () => {
    const enclave = await world.start();
    expect(enclave.log.join('')).toContain(`"custody":"${ALIAS}"`);
    await expect(sender.key(enclave.url)).rejects.toThrow('keys_not_ready');
    expect((await fetch(`${enclave.url}/health`)).status).toBe(200);
    const status = await enclave.offer({ credentials: null });
    expect(status).toMatchObject({
      custody: ALIAS,
      state: 'waiting',
      wants: { credentials: true, secrets: [] },
      current: null,
      held: [],
      proposal: null,
      kms: 'kms_credentials',
    });
    const other = await world.start();
    await store.settle([other]);
    expect(await sender.refusal(enclave.url, await sender.prepare(other.url))).toBe('503 keys_not_ready');
  });

  it('uses a key only after its record is offered back, and then opens messages and signs receipts with it', async () => {
    const enclave = await world.start();
    const first = await store.exchange(enclave);
    expect(first).toMatchObject({ state: 'waiting', held: [] });
    expect(first.proposal).not.toBeNull();
    expect((await enclave.offer()).proposal).toEqual(first.proposal);
    const second = await store.exchange(enclave);
    expect(second).toMatchObject({ state: 'ready', refused: [], proposal: null, kms: null });
    const key = await sender.key(enclave.url);
    expect(key).toMatchObject({ keyId: second.current, custody: ALIAS });
    const { receipt } = await sender.relayed(enclave.url, await sender.prepare(enclave.url));
    expect(receipt.claims.offices.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted', 'accepted']);
    for (const event of ['key_proposed', 'keys_opened'])
      expect(enclave.log.join('')).toContain(`"event":"${event}","keyId":"${toHex(key.keyId)}"`);
  });

  it('asks KMS once for each key record, however often it is offered', async () => {
    const enclave = await world.start();
    await store.settle([enclave]);
    world.kms.clearRequests();
    for (let i = 0; i < 5; i++) await store.exchange(enclave);
    expect(world.kms.requests()).toEqual([]);
  });

  it('agrees on one key with two enclaves that start at the same time, and each opens messages sealed to it', async () => {
    const enclaves = await Promise.all([world.start(), world.start(), world.start()]);
    const statuses = await store.settle(enclaves);
    expect(epochs()).toEqual([1]);
    expect(new Set(statuses.map(({ held }) => ids(held).join()))).toEqual(
      new Set(ids(store.cores.map((core) => core.key_id))),
    );
    const prepared = await sender.prepare(enclaves[0].url);
    for (const { url } of enclaves)
      expect((await sender.relayed(url, prepared)).receipt.claims.message_id).toBe(prepared.id);
  });

  it('gets the same key back after a restart, and opens the messages that waited', async () => {
    const enclave = await world.start();
    await store.settle([enclave]);
    const prepared = await sender.prepare(enclave.url);
    await enclave.close();
    const again = await world.start();
    const [status] = await store.settle([again]);
    expect(toHex(status!.current!)).toBe(toHex(prepared.message.keyId));
    expect((await sender.relayed(again.url, prepared)).answer.state).toBe('final');
    expect(epochs()).toEqual([1]);
  });

  it('rotates by the attested clock, and destroys the old key after the last message sealed to it has expired', async () => {
    const enclaves = await Promise.all([world.start(), world.start()]);
    const [enclave] = enclaves;
    await store.settle(enclaves);
    await passes(24 * HOUR_MS - 60_000, ...enclaves);
    expect((await store.settle(enclaves))[0]?.held).toHaveLength(1);
    const old = await sender.prepare(enclave.url);
    const later = await sender.prepare(enclave.url);

    await passes(120_000, ...enclaves);
    const rotated = await store.settle(enclaves);
    expect(epochs()).toEqual([1, 2]);
    for (const { current, held } of rotated) {
      expect(held).toHaveLength(2);
      expect(toHex(current!)).not.toBe(toHex(old.message.keyId));
    }
    expect(enclave.log.join('')).toContain('"event":"key_rotated"');
    const { enclave: signer, claims } = (await sender.relayed(enclave.url, old)).receipt;
    expect(claims.offices).toHaveLength(3);
    expect(toHex(signer.publicKey)).toBe(toHex(store.cores[0]!.public_key));
    expect(toHex((await sender.key(enclave.url)).publicKey)).toBe(toHex(store.cores[1]!.public_key));

    // A message sealed a minute before the rotation lives for seven days
    await passes(7 * DAY_MS - 180_000, ...enclaves);
    expect((await sender.relayed(enclave.url, later)).answer.state).toBe('final');
    await passes(2 * HOUR_MS, ...enclaves);
    expect(await sender.refusal(enclave.url, later)).toBe('409 key_retired');
    expect(enclave.log.join('')).toContain(
      `"event":"key_destroyed","keyId":"${toHex(old.message.keyId)}","code":"expired"`,
    );
    const [status] = await store.settle(enclaves);
    expect(status?.refused).toEqual([{ key_id: store.cores[0]!.key_id, code: 'too_old' }]);
    expect(ids(status!.held)).not.toContain(toHex(old.message.keyId));
    expect(epochs()).toEqual([1, 2, 3]); // a week later the second key is due for rotation too
  });

  it('drops a revoked key at once, never opens it again, and proposes a new one', async () => {
    const enclave = await world.start();
    await store.settle([enclave]);
    const [revoked] = store.cores;
    const prepared = await sender.prepare(enclave.url);
    store.revoked.push(revoked!.key_id);
    const [status] = await store.settle([enclave]);
    expect(status?.refused).toEqual([{ key_id: revoked!.key_id, code: 'revoked' }]);
    expect(epochs()).toEqual([1, 2]);
    expect(await sender.refusal(enclave.url, prepared)).toBe('409 key_retired');
    expect(enclave.log.join('')).toContain(
      `"event":"key_destroyed","keyId":"${toHex(revoked!.key_id)}","code":"revoked"`,
    );
    // The key stays revoked even if the gateway forgot the revocation
    expect((await enclave.offer({ records: store.records })).refused).toEqual([
      { key_id: revoked!.key_id, code: 'revoked' },
    ]);
  });

  it('uses only the attested clock, whatever the machine’s clock shows', async () => {
    const realMs = world.time.nowMs();
    jest.useFakeTimers({
      now: realMs + 3650 * DAY_MS,
      doNotFake: [
        'hrtime',
        'nextTick',
        'performance',
        'queueMicrotask',
        'setImmediate',
        'clearImmediate',
        'setInterval',
        'clearInterval',
        'setTimeout',
        'clearTimeout',
      ],
    });
    try {
      const enclave = await world.start();
      const [status] = await store.settle([enclave]);
      expect(status).toMatchObject({ state: 'ready', kms: null });
      expect(Math.abs(store.cores[0]!.created * 1000 - realMs)).toBeLessThan(HOUR_MS);
      jest.setSystemTime(0);
      expect((await store.exchange(enclave)).held).toHaveLength(1);
      const again = await world.start();
      expect((await store.exchange(again)).held).toHaveLength(1);
    } finally {
      jest.useRealTimers();
    }
  });
});

it('an enclave with KMS-sealed keys does not start in debug mode, in which no client would accept its documents', async () => {
  await expect(
    world.start({ pcrs: new Map([0, 1, 2].map((index) => [index, new Uint8Array(48)])) }),
  ).rejects.toMatchObject({ name: 'AttestationError' });
});
