import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import { keyIdOf } from '@communique-tee/crypto';
import { verifyEnclave } from '@communique-tee/enclave-identity';
import { createNsm, type Nsm } from '@communique-tee/nsm';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import {
  PROCESS_CUSTODY,
  encodeKeyBinding,
  toBase64Url,
  type Answer,
  type KeyBinding,
  type Outcome,
  type ReceiptClaims,
} from '@communique-tee/protocol';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { CompactSign, UnsecuredJWT } from 'jose';
import {
  createHash,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { commitToOffice, matchAnswer, verifyReceipt, verifyReceiptSignature, type ReceiptPolicy } from './index';
import { signReceipt } from './node';

const { pcr0 } = developmentMeasurements;
const messageId = '00112233-4455-4677-8899-aabbccddeeff';
const sealedSha256 = new Uint8Array(32).fill(7);
const salt = new Uint8Array(32).fill(1);

let folder: TemporaryFolder;
let nsm: Nsm;
let receiptKey: KeyObject;
let document: Uint8Array;
let policy: ReceiptPolicy;
let claims: ReceiptClaims;
let binding: KeyBinding;

beforeAll(async () => {
  folder = await temporaryFolder('receipts');
  nsm = createNsm(await createMockNsmTransport({ rootFolder: folder.path }));
  const pair = generateKeyPairSync('ed25519');
  receiptKey = pair.privateKey;
  const raw = Buffer.from(String(pair.publicKey.export({ format: 'jwk' }).x), 'base64url');
  const publicKey = new Uint8Array(randomBytes(32));
  binding = { keyId: keyIdOf(publicKey), receiptKey: raw, custody: PROCESS_CUSTODY, configSha256: new Uint8Array(32) };
  document = await nsm.attest({ publicKey, userData: encodeKeyBinding(binding) });
  policy = {
    verifyEnclave,
    acceptedMeasurements: [developmentMeasurements],
    trustAnchor: unsafeTrustAnchorFromPem(await developmentRootPem(folder.path)),
    messageId,
    sealedSha256,
  };
  claims = {
    v: 2,
    message_id: messageId,
    sealed_sha256: toBase64Url(sealedSha256),
    suite: 'hpke-x25519-hkdfsha256-xchacha20poly1305',
    offices: [{ commitment: toBase64Url(commitToOffice(salt, 'HCA12')), outcome: 'accepted' }],
    time: Math.floor(Date.now() / 1000),
    pcr0,
    attestation_sha256: toBase64Url(createHash('sha256').update(document).digest()),
  };
});
afterAll(async () => {
  await nsm.close();
  await folder.remove();
});

const carried = (receipt: string, bytes: Uint8Array = document) => ({
  receipt,
  attestation_document: Buffer.from(bytes).toString('base64'),
});
const signed = async (changes: Partial<ReceiptClaims> = {}, key = receiptKey) =>
  signReceipt({ ...claims, ...changes }, key);
const code = (expected: string) => expect.objectContaining({ name: 'ReceiptError', code: expected }) as Error;

it('a receipt verifies with only the document that comes with it', async () => {
  const verified = await verifyReceipt(carried(await signed()), policy);
  expect(verified.claims).toEqual(claims);
  expect(verified.enclave.attestation.pcr0).toBe(pcr0);
});

describe('the entries of a receipt', () => {
  const entry = (office: string, outcome: Outcome = 'accepted') => ({
    commitment: toBase64Url(commitToOffice(salt, office)),
    outcome,
  });
  const offices = [entry('HCA12'), entry('SCA01', 'refused'), entry('SCA03', 'pending')];
  const ascending = offices.toSorted((a, b) => (a.commitment < b.commitment ? -1 : 1));

  it('are sorted by commitment before signing, whatever order the enclave gives', async () => {
    const orders = [
      offices,
      offices.toReversed(),
      [offices[1], offices[0], offices[2]].map((each) => each ?? entry('')),
    ];
    for (const each of orders) {
      const { claims: read } = await verifyReceipt(carried(await signed({ offices: each })), policy);
      expect(read.offices).toEqual(ascending);
    }
  });

  it.each([
    ['in another order', ascending.toReversed()],
    ['given twice', [ascending[0], ascending[0]]],
  ])('are refused if they are %s, even with a valid signature', async (_name, wrong) => {
    const payload = Buffer.from(JSON.stringify({ ...claims, offices: wrong }));
    const receipt = await new CompactSign(payload)
      .setProtectedHeader({ alg: 'Ed25519', typ: 'communique-tee-receipt+jws' })
      .sign(receiptKey);
    await expect(verifyReceipt(carried(receipt), policy)).rejects.toThrow(code('ERR_RECEIPT_MALFORMED'));
  });
});

it('verifyReceiptSignature checks only the form and the signature, under a known key', async () => {
  const raw = (key: KeyObject) =>
    new Uint8Array(Buffer.from(String(createPublicKey(key).export({ format: 'jwk' }).x), 'base64url'));
  expect(await verifyReceiptSignature(await signed(), raw(receiptKey))).toEqual(claims);
  await expect(verifyReceiptSignature(await signed(), raw(generateKeyPairSync('ed25519').privateKey))).rejects.toEqual(
    code('ERR_RECEIPT_SIGNATURE'),
  );
  await expect(
    verifyReceiptSignature((await withHeader({ alg: 'Ed25519', typ: 'JWT' })).receipt, raw(receiptKey)),
  ).rejects.toEqual(code('ERR_RECEIPT_MALFORMED'));
  await expect(verifyReceiptSignature('a receipt', raw(receiptKey))).rejects.toEqual(code('ERR_RECEIPT_MALFORMED'));
});

it('a receipt verifies years later, because the verifier compares all dates with the time of the receipt', async () => {
  const receipt = carried(await signed());
  jest.useFakeTimers({ now: Date.now() + 20 * 365 * 24 * 3600_000 });
  try {
    await expect(verifyReceipt(receipt, policy)).resolves.toBeDefined();
  } finally {
    jest.useRealTimers();
  }
});

it.each([
  [
    'signed by another key',
    async () => carried(await signed({}, generateKeyPairSync('ed25519').privateKey)),
    'ERR_RECEIPT_SIGNATURE',
  ],
  [
    'about another message',
    async () => carried(await signed({ message_id: '10112233-4455-4677-8899-aabbccddeeff' })),
    'ERR_RECEIPT_OTHER_MESSAGE',
  ],
  [
    'about other sealed bytes',
    async () => carried(await signed({ sealed_sha256: toBase64Url(new Uint8Array(32)) })),
    'ERR_RECEIPT_OTHER_MESSAGE',
  ],
  [
    'naming another measurement',
    async () => carried(await signed({ pcr0: 'ab'.repeat(48) })),
    'ERR_RECEIPT_MEASUREMENT',
  ],
  [
    'naming another document',
    async () => carried(await signed({ attestation_sha256: toBase64Url(new Uint8Array(32)) })),
    'ERR_RECEIPT_ATTESTATION',
  ],
  [
    'signed four hours later, after the certificate expired',
    async () => carried(await signed({ time: claims.time + 4 * 3600 })),
    'ERR_RECEIPT_ATTESTATION',
  ],
  [
    'signed before the document was made',
    async () => carried(await signed({ time: claims.time - 3600 })),
    'ERR_RECEIPT_ATTESTATION',
  ],
  [
    'with one byte of its document changed',
    async () => carried(await signed(), document.with(document.length - 1, 1)),
    'ERR_RECEIPT_ATTESTATION',
  ],
  ['with claims changed', async () => carried(changed(await signed())), 'ERR_RECEIPT_SIGNATURE'],
  ['unsigned', () => Promise.resolve(carried(new UnsecuredJWT({ ...claims }).encode())), 'ERR_RECEIPT_MALFORMED'],
  ['signed with a shared secret', () => hs256(), 'ERR_RECEIPT_MALFORMED'],
  ['of another type', () => withHeader({ alg: 'Ed25519', typ: 'JWT' }), 'ERR_RECEIPT_MALFORMED'],
  [
    'with its own key in the header',
    () => withHeader({ alg: 'Ed25519', typ: 'communique-tee-receipt+jws', jwk: {} }),
    'ERR_RECEIPT_MALFORMED',
  ],
])('a receipt %s is refused', async (_name, receipt, expected) => {
  await expect(verifyReceipt(await receipt(), policy)).rejects.toThrow(code(expected));
});

/** Sets an unused bit of the last base64url character, so that the text decodes to the same bytes. */
const withUnusedBits = (text: string) => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return text.slice(0, -1) + alphabet.charAt(alphabet.indexOf(text.at(-1) ?? '') + 1);
};
const inPart = (at: number, change: (part: string) => string) => (jws: string) =>
  jws
    .split('.')
    .with(at, change(jws.split('.')[at] ?? ''))
    .join('.');

describe('a verifier that accepts only one text of a receipt', () => {
  it.each<[string, (jws: string) => string]>([
    ['padding after the signature', (jws) => `${jws}==`],
    ['padding after the header', inPart(0, (part) => `${part}=`)],
    ['padding after the claims', inPart(1, (part) => `${part}=`)],
    ["the signature's unused bits set", inPart(2, withUnusedBits)],
    ['a line break at the end', (jws) => `${jws}\n`],
    ['a space at the start', (jws) => ` ${jws}`],
    ['a line break inside of the signature', inPart(2, (part) => `${part.slice(0, 40)}\n${part.slice(40)}`)],
    ['base64 in place of base64url', (jws) => jws.replaceAll('-', '+').replaceAll('_', '/')],
    ['a fourth part', (jws) => `${jws}.`],
  ])('refuses %s', async (_name, change) => {
    let jws = await signed();
    // About one signature in fifteen has the same text in base64 and base64url
    for (let more = 1; change(jws) === jws; more++) jws = await signed({ time: claims.time + more });
    await expect(verifyReceipt(carried(change(jws)), policy)).rejects.toThrow(code('ERR_RECEIPT_MALFORMED'));
    const key = new Uint8Array(
      Buffer.from(String(createPublicKey(receiptKey).export({ format: 'jwk' }).x), 'base64url'),
    );
    await expect(verifyReceiptSignature(change(jws), key)).rejects.toThrow(code('ERR_RECEIPT_MALFORMED'));
  });

  it('refuses a document with its unused bits set, without its padding, or with a line break', async () => {
    const whole = await nsm.attest({ publicKey: new Uint8Array(32), userData: encodeKeyBinding(binding) });
    // The base64 of 3n + 2 bytes has two unused bits and one padding character
    const document = whole.subarray(0, whole.length - ((whole.length + 1) % 3));
    const text = Buffer.from(document).toString('base64');
    const receipt = await signed({ attestation_sha256: toBase64Url(createHash('sha256').update(document).digest()) });
    for (const changed of [`${withUnusedBits(text.slice(0, -1))}=`, text.slice(0, -1), `${text}\n`])
      await expect(verifyReceipt({ receipt, attestation_document: changed }, policy)).rejects.toThrow(
        code('ERR_RECEIPT_MALFORMED'),
      );
  });

  it('refuses claims that have a member twice, even with a valid signature', async () => {
    const twice = JSON.stringify(claims).replace('{', '{"v":1,');
    const receipt = await new CompactSign(Buffer.from(twice))
      .setProtectedHeader({ alg: 'Ed25519', typ: 'communique-tee-receipt+jws' })
      .sign(receiptKey);
    await expect(verifyReceipt(carried(receipt), policy)).rejects.toThrow(code('ERR_RECEIPT_MALFORMED'));
  });
});

it.each([
  ['null', null],
  ['an empty object', {}],
  ['a JWS of three meaningless parts', { receipt: 'a.b.c', attestation_document: 'AA==' }],
  ['empty members', { receipt: '', attestation_document: '' }],
  ['text', 'text'],
  ['a huge JWS', { receipt: 'x'.repeat(9000), attestation_document: 'AA==' }],
])('%s is not a receipt', async (_name, value) => {
  await expect(verifyReceipt(value, policy)).rejects.toThrow(code('ERR_RECEIPT_MALFORMED'));
});

it('a receipt is refused if the caller does not accept its image or operator, or accepts only the AWS root', async () => {
  const receipt = carried(await signed());
  for (const other of [{ pcr0: 'cd'.repeat(48) }, { pcr3: 'cd'.repeat(48) }])
    await expect(
      verifyReceipt(receipt, { ...policy, acceptedMeasurements: [{ ...developmentMeasurements, ...other }] }),
    ).rejects.toThrow(code('ERR_RECEIPT_ATTESTATION'));
  const { trustAnchor: _development, ...underAws } = policy;
  await expect(verifyReceipt(receipt, underAws)).rejects.toThrow(code('ERR_RECEIPT_ATTESTATION'));
});

it.each<[string, () => Parameters<Nsm['attest']>[0]]>([
  ['without a key binding', () => ({})],
  [
    'whose key binding names another key',
    () => ({ publicKey: new Uint8Array(32), userData: encodeKeyBinding(binding) }),
  ],
])('a receipt with a document %s is refused', async (_, fields) => {
  const bare = await nsm.attest(fields());
  const receipt = await signed({
    // The document is newer than `claims`, so the receipt needs a newer time
    time: Math.floor(Date.now() / 1000),
    attestation_sha256: toBase64Url(createHash('sha256').update(bare).digest()),
  });
  await expect(verifyReceipt(carried(receipt, bare), policy)).rejects.toThrow(code('ERR_RECEIPT_KEY_BINDING'));
});

it('a receipt of an enclave whose custody the caller does not accept is refused', async () => {
  const receipt = carried(await signed());
  await expect(verifyReceipt(receipt, { ...policy, acceptedCustody: [PROCESS_CUSTODY] })).resolves.toBeDefined();
  const elsewhere = ['arn:aws:kms:us-east-1:111122223333:alias/another'];
  await expect(verifyReceipt(receipt, { ...policy, acceptedCustody: elsewhere })).rejects.toThrow(
    code('ERR_RECEIPT_KEY_BINDING'),
  );
});

describe('the sealed answer', () => {
  const answer = (changes: Partial<Answer['offices'][number]> = {}): Answer => ({
    version: 1,
    messageId: new Uint8Array(16),
    time: claims.time,
    offices: [{ office: 'HCA12', salt, outcome: 'accepted', deliveryId: null, reason: null, detail: null, ...changes }],
    problems: [],
  });

  it('matches the commitments of the receipt', () => {
    expect(() => matchAnswer(claims, answer())).not.toThrow();
  });

  it.each([[{ office: 'HCA13' }], [{ salt: new Uint8Array(32) }], [{ outcome: 'unknown' as const }]])(
    'is refused if its content differs from the receipt (%#)',
    (changes) => {
      expect(() => matchAnswer(claims, answer(changes))).toThrow(code('ERR_RECEIPT_ANSWER'));
    },
  );

  it('may have the offices in another order than the receipt', () => {
    const of = (office: string, outcome: Outcome) => ({ ...answer({ office, outcome }).offices[0] });
    const told = [of('HCA12', 'refused'), of('SCA01', 'accepted'), of('SCA03', 'pending')] as Answer['offices'];
    const committed = told.map((each) => ({
      commitment: toBase64Url(commitToOffice(salt, each.office)),
      outcome: each.outcome,
    }));
    for (const offices of [committed, committed.toReversed()])
      expect(() => matchAnswer({ ...claims, offices }, { ...answer(), offices: told })).not.toThrow();
    const [first, second] = told as [Answer['offices'][number], Answer['offices'][number]];
    expect(() =>
      matchAnswer({ ...claims, offices: committed.slice(0, 2) }, { ...answer(), offices: [first, first] }),
    ).toThrow(code('ERR_RECEIPT_ANSWER'));
    const exchanged = [
      { ...first, outcome: second.outcome },
      { ...second, outcome: first.outcome },
    ];
    expect(() =>
      matchAnswer({ ...claims, offices: committed.slice(0, 2) }, { ...answer(), offices: exchanged }),
    ).toThrow(code('ERR_RECEIPT_ANSWER'));
  });

  it('is refused with more or fewer offices than the receipt', () => {
    const { offices } = answer();
    expect(() => matchAnswer(claims, { ...answer(), offices: [] })).toThrow(code('ERR_RECEIPT_ANSWER'));
    expect(() => matchAnswer(claims, { ...answer(), offices: [...offices, ...offices] })).toThrow(
      code('ERR_RECEIPT_ANSWER'),
    );
  });
});

function changed(jws: string): string {
  const [header, , signature] = jws.split('.');
  const payload = Buffer.from(
    JSON.stringify({ ...claims, offices: [{ ...claims.offices[0], outcome: 'refused' }] }),
  ).toString('base64url');
  return [header, payload, signature].join('.');
}

async function withHeader(header: { alg: string; typ: string; jwk?: object }) {
  return carried(
    await new CompactSign(Buffer.from(JSON.stringify(claims))).setProtectedHeader(header).sign(receiptKey),
  );
}

async function hs256() {
  const header = { alg: 'HS256', typ: 'communique-tee-receipt+jws' };
  return carried(
    await new CompactSign(Buffer.from(JSON.stringify(claims)))
      .setProtectedHeader(header)
      .sign(createSecretKey(randomBytes(32))),
  );
}
