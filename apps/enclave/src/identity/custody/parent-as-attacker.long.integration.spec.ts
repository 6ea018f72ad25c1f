import { DecryptCommand, EncryptCommand, GenerateDataKeyCommand, ReEncryptCommand } from '@aws-sdk/client-kms';
import { createMockNsmTransport } from '@communique-tee/testing/nsm-mock';
import { createNsm, type Nsm } from '@communique-tee/nsm';
import {
  MAX_KEY_OFFER_BYTES,
  MAX_OFFERED_KEYS,
  MAX_REVOKED_KEYS,
  MAX_SEALED_KEY_BYTES,
  decodeSealedKey,
  encodeCanonical,
  toHex,
  type SealedKeyCore,
  type SealedKeyRecord,
} from '@communique-tee/protocol';
import { temporaryFolder } from '@communique-tee/testing/harness';
import { randomBytes } from 'node:crypto';
import { changed, flipped, forge, keyContext, secretsOf, vouch } from '../../testing/forger';
import { RecordStore } from '../../testing/record-store';
import {
  ALIAS,
  CREDENTIALS,
  DAY_MS,
  DEBUG_IMAGE,
  HOUR_MS,
  NEXT_IMAGE,
  PARENT,
  startSealedWorld,
  type SealedEnclave,
  type SealedWorld,
} from '../../testing/sealed-world';
import { containsSecret } from '../../testing/contains-secret';
import { Sender } from '../../testing/sender';

/**
 * The attacker here is the parent, with the machine, the database, the network and the credentials. The enclave refuses each attack with a
 * code. The last test searches all recorded output for every secret.
 */
let world: SealedWorld;
let sender: Sender;
let nsm: Nsm;
/** A genuine record of the first enclave. */
let genuine: Uint8Array;
let another: Uint8Array;
const stores: RecordStore[] = [];
const neverOfferedBack: Uint8Array[] = [];
const newStore = () => {
  const store = new RecordStore();
  stores.push(store);
  return store;
};
beforeAll(async () => {
  world = await startSealedWorld();
  sender = new Sender(world.trustAnchor, () => world.time.nowMs());
  nsm = await world.nsm();
  [genuine, another] = await Promise.all([aRecord(), aRecord()]);
});
afterAll(() => world.stop());
afterEach(() => {
  world.time.offsetMs = 0;
});

async function aRecord(): Promise<Uint8Array> {
  const enclave = await world.start();
  const store = newStore();
  await store.settle([enclave]);
  await enclave.close();
  return store.records[0]!;
}

/** Offers key records to a new enclave and returns the codes of its refusals. */
async function refusals(...records: Uint8Array[]): Promise<string[]> {
  const enclave = await world.start();
  try {
    const { refused, held, state } = await enclave.offer({ records, credentials: CREDENTIALS });
    expect([state, held.length]).toEqual(refused.length < records.length ? ['ready', 1] : ['waiting', 0]);
    return refused.map(({ code }) => code);
  } finally {
    await enclave.close();
  }
}

const edited = (change: (record: SealedKeyRecord) => SealedKeyRecord) => changed(genuine, change);
/**
 * Changes a key record's core, and an enclave of this image vouches for the changed core. A parent cannot make an enclave do that. The check
 * of the maker then passes, so another check must refuse the record.
 */
const revouched = async (change: (core: SealedKeyCore) => SealedKeyCore, by: Nsm = nsm) => {
  const record = decodeSealedKey(genuine);
  const core = change(record.core);
  const maker = await vouch(by, core);
  return edited(() => ({ ...record, core, maker }));
};

it('accepts the unchanged key records', async () => {
  expect(await refusals(genuine)).toEqual([]);
  expect(await refusals(another)).toEqual([]);
});

describe('KMS refuses a request of the parent', () => {
  const context = { EncryptionContext: keyContext(Buffer.from('00'.repeat(48), 'hex')) };
  const record = () => decodeSealedKey(genuine).core;
  it.each([
    [
      'to encrypt a data key that the parent made',
      () => new EncryptCommand({ KeyId: ALIAS, Plaintext: randomBytes(32), ...context }),
    ],
    [
      'to generate a data key that the parent can read',
      () =>
        new GenerateDataKeyCommand({ KeyId: ALIAS, KeySpec: 'AES_256', EncryptionContext: keyContext(record().pcr0) }),
    ],
    [
      'to decrypt an enclave’s data key',
      () =>
        new DecryptCommand({
          KeyId: ALIAS,
          CiphertextBlob: record().data_key,
          EncryptionContext: keyContext(record().pcr0),
        }),
    ],
    [
      'to re-encrypt an enclave’s data key',
      () =>
        new ReEncryptCommand({
          CiphertextBlob: record().data_key,
          SourceEncryptionContext: keyContext(record().pcr0),
          DestinationKeyId: ALIAS,
        }),
    ],
  ])('%s', async (_name, command) => {
    const client = world.client(PARENT) as { send(command: unknown): Promise<unknown> };
    await expect(client.send(command())).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});

describe('a key record that the parent made with its own secret and a data key that KMS wrapped while the key policy allowed everything', () => {
  it('is refused if its maker is an enclave of another image', async () => {
    expect(await refusals(await forge(world, genuine, await world.nsm(NEXT_IMAGE)))).toEqual(['maker_refused']);
  });

  it('is refused if its maker is a debug enclave of this image', async () => {
    expect(await refusals(await forge(world, genuine, await world.nsm(DEBUG_IMAGE)))).toEqual(['maker_refused']);
  });

  it('is refused if its maker has an NSM under another root', async () => {
    await using folder = await temporaryFolder('other-root');
    const other = createNsm(await createMockNsmTransport({ rootFolder: folder.path }));
    expect(await refusals(await forge(world, genuine, other))).toEqual(['maker_refused']);
  });

  it('is refused if it carries the maker’s document of a genuine record', async () => {
    const forged = decodeSealedKey(await forge(world, genuine, nsm));
    expect(await refusals(edited(({ maker }) => ({ ...forged, maker })))).toEqual(['maker_refused']);
  });

  it.each<keyof SealedKeyCore & ('key_id' | 'public_key' | 'receipt_key')>(['key_id', 'public_key', 'receipt_key'])(
    'is refused, although this image vouched for it, if %s is not derived from the secret',
    async (field) => {
      const other = decodeSealedKey(another).core;
      expect(await refusals(await forge(world, genuine, nsm, (core) => ({ ...core, [field]: other[field] })))).toEqual([
        'tampered',
      ]);
    },
  );

  it('is accepted if an enclave of this image vouches for it, so security depends on the maker and the policy', async () => {
    expect(await refusals(await forge(world, genuine, nsm))).toEqual([]);
  });
});

describe('a key record with a part of another record', () => {
  it.each<[keyof SealedKeyRecord, string]>([
    ['core', 'maker_refused'],
    ['maker', 'maker_refused'],
    ['nonce', 'tampered'],
    ['sealed', 'tampered'],
  ])('is refused if the part is the %s, with the code %s', async (part, code) => {
    const other = decodeSealedKey(another);
    expect(await refusals(edited((record) => ({ ...record, [part]: other[part] })))).toEqual([code]);
  });

  it('is refused as tampered if the part is the sealed secret with its nonce, or the data key', async () => {
    const { nonce, sealed, core } = decodeSealedKey(another);
    expect(await refusals(edited((record) => ({ ...record, nonce, sealed })))).toEqual(['tampered']);
    expect(await refusals(await revouched((own) => ({ ...own, data_key: core.data_key })))).toEqual(['tampered']);
  });
});

describe('a key record whose core was edited', () => {
  const now = () => Math.floor(world.time.nowMs() / 1000);
  const fields: [string, (core: SealedKeyCore) => SealedKeyCore, string, string][] = [
    ['key_id', (core) => ({ ...core, key_id: flipped(core.key_id, 0) }), 'maker_refused', 'tampered'],
    ['epoch', (core) => ({ ...core, epoch: core.epoch + 1 }), 'maker_refused', 'tampered'],
    ['custody', (core) => ({ ...core, custody: `${core.custody}-other` }), 'other_custody', 'other_custody'],
    ['pcr0', (core) => ({ ...core, pcr0: new Uint8Array(48).fill(8) }), 'other_image', 'other_image'],
    ['created', (core) => ({ ...core, created: core.created + 1 }), 'maker_refused', 'tampered'],
    [
      'created in the future',
      (core) => ({ ...core, created: now() + 400, rotate_after: now() + 500 }),
      'times_invalid',
      'times_invalid',
    ],
    ['rotate_after', (core) => ({ ...core, rotate_after: core.rotate_after - 1 }), 'times_invalid', 'times_invalid'],
    [
      'a longer life before the rotation',
      (core) => ({ ...core, rotate_after: core.rotate_after + 1, destroy_after: core.destroy_after + 1 }),
      'times_invalid',
      'times_invalid',
    ],
    [
      'a longer life after the rotation',
      (core) => ({ ...core, destroy_after: core.destroy_after + 1 }),
      'times_invalid',
      'times_invalid',
    ],
    ['a shorter life', (core) => ({ ...core, destroy_after: core.destroy_after - 1 }), 'maker_refused', 'tampered'],
    [
      'an end in the past',
      (core) => ({ ...core, created: 1, rotate_after: 2, destroy_after: 3 }),
      'too_old',
      'too_old',
    ],
    ['public_key', (core) => ({ ...core, public_key: flipped(core.public_key, 31) }), 'maker_refused', 'tampered'],
    ['receipt_key', (core) => ({ ...core, receipt_key: flipped(core.receipt_key, 0) }), 'maker_refused', 'tampered'],
    [
      'data_key',
      (core) => ({ ...core, data_key: flipped(core.data_key, core.data_key.length - 1) }),
      'maker_refused',
      'kms_ciphertext_invalid',
    ],
  ];
  it.each(fields)(
    'is refused with the old maker’s document and with a new one if the edit is in: %s',
    async (_name, change, asItIs, ifVouchedFor) => {
      expect(await refusals(edited((record) => ({ ...record, core: change(record.core) })))).toEqual([asItIs]);
      expect(await refusals(await revouched(change))).toEqual([ifVouchedFor]);
    },
  );
});

it('refuses a key record with one changed byte in any part', async () => {
  const enclave = await world.start();
  for (const field of ['maker', 'nonce', 'sealed'] as const) {
    const { length } = decodeSealedKey(genuine)[field];
    for (const at of [0, 1, Math.floor(length / 2), length - 1]) {
      const { refused, held } = await enclave.offer({
        records: [edited((record) => ({ ...record, [field]: flipped(record[field], at) }))],
      });
      expect([field, at, held.length, ['maker_refused', 'tampered'].includes(refused[0]?.code ?? '')]).toEqual([
        field,
        at,
        0,
        true,
      ]);
    }
  }
  // Then bytes of the whole record, at equal distances
  for (let at = 0; at < genuine.length; at += 97) {
    const { refused, held } = await enclave.offer({ records: [flipped(genuine, at)] });
    expect([at, held.length, refused.length]).toEqual([at, 0, 1]);
  }
  await enclave.close();
});

it('refuses a key record if the maker’s document was made again for the same core', async () => {
  const record = decodeSealedKey(genuine);
  expect(await refusals(edited(() => ({ ...record, maker: record.maker })))).toEqual([]);
  expect(await refusals(await revouched((core) => core))).toEqual(['tampered']);
});

describe('a key record with another maker’s document', () => {
  it('is refused if the document is the one that clients get', async () => {
    const enclave = await world.start();
    await enclave.offer({ records: [genuine] });
    const document = new Uint8Array(await (await fetch(`${enclave.url}/attestation`)).arrayBuffer());
    expect(await refusals(edited((record) => ({ ...record, maker: document })))).toEqual(['maker_refused']);
  });

  it.each([
    ['a debug enclave', DEBUG_IMAGE],
    ['another accepted image', NEXT_IMAGE],
  ])('is refused if %s vouches for this core', async (_name, pcrs) => {
    expect(await refusals(await revouched((core) => core, await world.nsm(pcrs)))).toEqual(['maker_refused']);
  });

  it('is refused if the document is over five minutes younger than the record, or is not a document', async () => {
    world.time.offsetMs += 301_000;
    expect(await refusals(await revouched((core) => core))).toEqual(['maker_refused']);
    expect(
      await refusals(
        edited((record) => ({ ...record, maker: randomBytes(1000) })),
        edited((record) => ({ ...record, maker: new Uint8Array(1) })),
      ),
    ).toEqual(['maker_refused', 'maker_refused']);
  });

  it('is refused by an enclave of another image, even of an accepted one', async () => {
    const next = await world.start({ pcrs: NEXT_IMAGE });
    expect(await next.offer({ records: [genuine] })).toMatchObject({ held: [], refused: [{ code: 'other_image' }] });
    // KMS would refuse too, because the data key is bound to the PCR0 of the image that made it
    const { core } = decodeSealedKey(genuine);
    const recipient = {
      AttestationDocument: await (await world.nsm(NEXT_IMAGE)).attest({ publicKey: await spki() }),
      KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' as const,
    };
    const asked = new DecryptCommand({
      KeyId: ALIAS,
      CiphertextBlob: core.data_key,
      EncryptionContext: keyContext(core.pcr0),
      Recipient: recipient,
    });
    await expect(world.client(PARENT).send(asked)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});

async function spki(): Promise<Uint8Array> {
  const { publicKey } = await crypto.subtle.generateKey(
    { name: 'RSA-OAEP', modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' },
    true,
    ['decrypt'],
  );
  return new Uint8Array(await crypto.subtle.exportKey('spki', publicKey));
}

describe('a genuine key record', () => {
  it('that is old is used until its end if the parent offers no newer one, and the enclave still proposes a new key', async () => {
    const enclave = await world.start();
    const store = newStore();
    await store.settle([enclave]);
    const [old] = store.records;
    const passes = async (ms: number) => {
      world.time.offsetMs += ms;
      await fetch(`${enclave.url}/attestation?nonce=${'ab'.repeat(16)}`);
    };
    await passes(25 * HOUR_MS);
    await store.settle([enclave]);
    const restarted = await world.start();
    const replayed = await restarted.offer({ records: [old!] });
    expect(toHex(replayed.current!)).toBe(toHex(store.cores[0]!.key_id));
    expect(replayed.proposal).not.toBeNull();
    expect(decodeSealedKey(replayed.proposal!).core.epoch).toBe(2);
    // An enclave that has the newer key does not return to the older one
    expect(toHex((await enclave.offer({ records: [old!] })).current!)).toBe(toHex(store.cores[1]!.key_id));
    await passes(7 * DAY_MS);
    const late = await world.start();
    expect(await late.offer({ records: [old!] })).toMatchObject({ held: [], refused: [{ code: 'too_old' }] });
  });

  it('that was created in the future is refused until five minutes before that time', async () => {
    world.time.offsetMs = 10 * 60_000;
    const future = await aRecord();
    world.time.offsetMs = 0;
    expect(await refusals(future)).toEqual(['times_invalid']);
    world.time.offsetMs = 6 * 60_000;
    expect(await refusals(future)).toEqual([]);
  });
});

it('repeats a proposal that is not offered back, and never uses it', async () => {
  const enclave = await world.start();
  const first = await enclave.offer();
  for (let i = 0; i < 5; i++)
    expect(await enclave.offer()).toMatchObject({
      state: 'waiting',
      held: [],
      current: null,
      proposal: first.proposal,
    });
  expect(await (await fetch(`${enclave.url}/attestation`)).json()).toMatchObject({ code: 'keys_not_ready' });
  neverOfferedBack.push(first.proposal!);
});

it('refuses a proposal that is offered back changed, and proposes the next epoch', async () => {
  const enclave = await world.start();
  const { proposal } = await enclave.offer();
  const mangled = changed(proposal!, (record) => ({ ...record, sealed: flipped(record.sealed, 3) }));
  const status = await enclave.offer({ records: [mangled] });
  expect(status).toMatchObject({ state: 'waiting', refused: [{ code: 'tampered' }] });
  expect(decodeSealedKey(status.proposal!).core.epoch).toBe(2);
});

describe('the epochs of refused key records', () => {
  const claims = (epoch: number) =>
    edited((record) => ({ ...record, core: { ...record.core, epoch, key_id: randomBytes(16) } }));
  const epochOf = (proposal: Uint8Array | null) => proposal && decodeSealedKey(proposal).core.epoch;

  it('have no lasting effect: the highest possible epoch does not block the next key', async () => {
    const enclave = await world.start();
    const store = newStore();
    expect(await enclave.offer({ records: [claims(0xffff_ffff)] })).toMatchObject({
      refused: [{ code: 'maker_refused' }],
    });
    await store.settle([enclave]);
    expect(store.cores.map(({ epoch }) => epoch)).toEqual([1]);
    world.time.offsetMs += 25 * HOUR_MS;
    await fetch(`${enclave.url}/attestation?nonce=${'ab'.repeat(16)}`);
    await enclave.offer({ records: [...store.records, claims(0xffff_ffff), claims(77)] });
    await store.settle([enclave]);
    expect(store.cores.map(({ epoch }) => epoch)).toEqual([1, 2]);
  });

  it('are skipped while the gateway’s store holds them, so that rotation continues', async () => {
    const enclave = await world.start();
    const store = new RecordStore();
    // An attacker who can write to the database inserted them, so the store reports epochs 1 and 2 as taken
    for (const epoch of [1, 2]) store.insert(claims(epoch));
    const [status] = await store.settle([enclave]);
    expect(status).toMatchObject({ state: 'ready', proposal: null });
    expect(store.cores.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    // The enclave drops a waiting proposal when its epoch turns out to be taken
    world.time.offsetMs += 25 * HOUR_MS;
    await fetch(`${enclave.url}/attestation?nonce=${'ab'.repeat(16)}`);
    const { proposal } = await enclave.offer({ records: store.records });
    expect(epochOf(proposal)).toBe(4);
    store.insert(claims(4));
    expect(epochOf((await enclave.offer({ records: store.records })).proposal)).toBe(5);
    neverOfferedBack.push(store.records[2]!, proposal!);
  });

  it('do not make the enclave refuse genuine records in the same offer', async () => {
    const enclave = await world.start();
    expect(await enclave.offer({ records: [claims(0xffff_ffff), genuine] })).toMatchObject({ state: 'ready' });
  });
});

describe('an enclave that gets many records or ids', () => {
  it('makes room for stored keys by dropping genuine keys that the gateway did not store', async () => {
    const maker = await world.start();
    const kept: Uint8Array[] = [];
    // Each offer gets a new proposal, because it reports the epoch of the last one as taken
    let epoch = 1;
    while (kept.length < MAX_OFFERED_KEYS) {
      const taken = edited((record) => ({ ...record, core: { ...record.core, epoch, key_id: randomBytes(16) } }));
      const { proposal } = await maker.offer({ records: [taken] });
      kept.push(proposal!);
      ({ epoch } = decodeSealedKey(proposal!).core);
    }
    neverOfferedBack.push(...kept);
    const enclave = await world.start();
    expect((await enclave.offer({ records: kept })).held).toHaveLength(MAX_OFFERED_KEYS);
    const status = await enclave.offer({ records: [another, genuine] });
    expect(status).toMatchObject({ refused: [], state: 'ready' });
    const held = status.held.map(toHex);
    expect(held).toHaveLength(MAX_OFFERED_KEYS);
    for (const record of [another, genuine]) expect(held).toContain(toHex(decodeSealedKey(record).core.key_id));
    expect(enclave.log.join('')).toContain('"code":"not_offered"');
  });

  it('keeps a key that is not revoked, however many ids are revoked', async () => {
    const enclave = await world.start();
    await enclave.offer({ records: [genuine] });
    for (let i = 0; i < 20; i++) {
      const revoked = Array.from({ length: MAX_REVOKED_KEYS }, () => randomBytes(16));
      expect((await enclave.offer({ records: [genuine], revoked })).held).toHaveLength(1);
    }
  });

  it('opens the one valid record among broken ones', async () => {
    const broken = Array.from({ length: MAX_OFFERED_KEYS - 1 }, (_, i) =>
      i % 2 === 0 ? randomBytes(100) : flipped(genuine, genuine.length - 1),
    );
    const codes = await refusals(...broken, genuine);
    expect(codes).toHaveLength(MAX_OFFERED_KEYS - 1);
    expect(new Set(codes)).toEqual(new Set(['malformed', 'tampered']));
  });
});

describe('an offer of keys', () => {
  const credentials = null;
  const whole = { v: 1, credentials, records: [], revoked: [], secrets: {} };
  it.each<[string, () => Uint8Array, string]>([
    ['is too large', () => new Uint8Array(MAX_KEY_OFFER_BYTES + 1), '413 body_too_large'],
    ['is nested too deep', () => new Uint8Array(5000).fill(0x81), '400 malformed_body'],
    ['is an array of a million items', () => Uint8Array.of(0x9a, 0, 0x0f, 0x42, 0x40), '400 malformed_body'],
    ['is empty', () => new Uint8Array(), '400 malformed_body'],
    ['is not CBOR', () => Buffer.from('hello'), '400 malformed_body'],
    [
      'has too many records',
      () =>
        encodeCanonical({ ...whole, records: Array.from({ length: MAX_OFFERED_KEYS + 1 }, () => new Uint8Array(1)) }),
      '400 malformed_body',
    ],
    [
      'has a record that is too large',
      () => encodeCanonical({ ...whole, records: [new Uint8Array(MAX_SEALED_KEY_BYTES + 1)] }),
      '400 malformed_body',
    ],
    [
      'has too many revoked ids',
      () =>
        encodeCanonical({ ...whole, revoked: Array.from({ length: MAX_REVOKED_KEYS + 1 }, () => new Uint8Array(16)) }),
      '400 malformed_body',
    ],
    [
      'has a line break and a header in its credentials',
      () => encodeCanonical({ ...whole, credentials: { ...CREDENTIALS, session_token: 'a\r\nhost: x' } }),
      '400 malformed_body',
    ],
    ['has an unknown member', () => encodeCanonical({ ...whole, more: 1 }), '400 malformed_body'],
  ])('is refused if it %s', async (_name, body, expected) => {
    const enclave = await world.start();
    const { status, code } = await enclave.post(body());
    expect(`${String(status)} ${code ?? ''}`).toBe(expected);
    await enclave.close();
  });

  it('is read at its largest allowed size', async () => {
    const enclave = await world.start();
    const records = Array.from({ length: MAX_OFFERED_KEYS }, () => randomBytes(MAX_SEALED_KEY_BYTES));
    expect((await enclave.offer({ records })).refused).toHaveLength(MAX_OFFERED_KEYS);
  });

  it('is refused if it is JSON, and GET of its path is not found', async () => {
    const enclave = await world.start();
    expect(
      (
        await fetch(`${enclave.url}/keys`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{}',
        })
      ).status,
    ).toBe(415);
    expect((await fetch(`${enclave.url}/keys`)).status).toBe(404);
  });

  it('is answered or refused as enclave_busy if 40 offers arrive at once', async () => {
    const enclave = await world.start();
    world.kms.faults.add({ kind: 'slow', delayMs: 2_000 }, { action: 'Decrypt' });
    const answers = await Promise.allSettled(Array.from({ length: 40 }, () => enclave.offer({ records: [genuine] })));
    const codes = answers.map((answer) =>
      answer.status === 'fulfilled' ? 'taken' : (answer.reason as { code: string }).code,
    );
    expect(new Set(codes)).toEqual(new Set(['taken', 'enclave_busy']));
    expect(await enclave.offer({ records: [genuine] })).toMatchObject({ state: 'ready' });
  });
});

describe('a sealed message given to two enclaves that share its key', () => {
  it('is delivered once if the enclaves get it one after the other: Congress reports the second copy as a duplicate', async () => {
    const [first, second] = await twoThatShare();
    world.congress.clearReceived();
    const prepared = await sender.prepare(first.url);
    const accepted = await sender.relayed(first.url, prepared);
    const repeated = await sender.relayed(second.url, prepared);
    expect(accepted.receipt.claims.offices.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(repeated.receipt.claims.offices.map(({ outcome }) => outcome)).toEqual([
      'duplicate',
      'duplicate',
      'duplicate',
    ]);
    expect(repeated.opened.offices.map(({ deliveryId }) => deliveryId)).toEqual(
      accepted.opened.offices.map(({ deliveryId }) => deliveryId),
    );
    expect(world.congress.received()).toHaveLength(3);
  });

  it('is delivered once if the enclaves get it at the same time', async () => {
    const [first, second] = await twoThatShare();
    world.congress.clearReceived();
    const prepared = await sender.prepare(first.url);
    const both = await Promise.all([sender.relayed(first.url, prepared), sender.relayed(second.url, prepared)]);
    const outcomes = [0, 1, 2].map((office) => both.map(({ opened }) => opened.offices[office]?.outcome).sort());
    expect(outcomes).toEqual([
      ['accepted', 'duplicate'],
      ['accepted', 'duplicate'],
      ['accepted', 'duplicate'],
    ]);
    expect(world.congress.received()).toHaveLength(3);
  });

  async function twoThatShare(): Promise<[SealedEnclave, SealedEnclave]> {
    const both: [SealedEnclave, SealedEnclave] = [await world.start(), await world.start()];
    for (const enclave of both) await enclave.offer({ records: [genuine] });
    return both;
  }
});

it('writes no key, seed, data key or credential to any output of these enclaves', async () => {
  const text = Buffer.concat(world.said);
  // The search works: it finds known values
  for (const planted of [decodeSealedKey(genuine).core.public_key, Buffer.from('keys_opened')])
    expect(containsSecret(text, planted)).toBe(true);
  const around = Buffer.from(
    Buffer.concat([Buffer.from('a'), Buffer.from('planted'), Buffer.from('b')]).toString('base64'),
  );
  expect(containsSecret(around, Buffer.from('planted'))).toBe(true);
  const records = [genuine, another, ...neverOfferedBack, ...stores.flatMap(({ records: stored }) => stored)];
  const found: string[] = [];
  for (const record of records)
    for (const [name, bytes] of Object.entries(await secretsOf(world, record)))
      if (containsSecret(text, bytes)) found.push(name);
  for (const credential of [PARENT.secretAccessKey, PARENT.sessionToken ?? ''])
    if (containsSecret(text, Buffer.from(credential))) found.push('credential');
  expect(found).toEqual([]);
});
