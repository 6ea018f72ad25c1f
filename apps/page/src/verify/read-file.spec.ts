import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation/browser';
import { toBase64Url, toHex, type ReceiptClaims } from '@communique-tee/protocol';
import { commitToOffice, type ReceiptErrorCode } from '@communique-tee/receipts';
import { signReceipt } from '@communique-tee/receipts/node';
import { createHash, generateKeyPairSync } from 'node:crypto';
import english from '../text/languages/en';
import { attest, developmentRoot, keyBinding, measurements, NOW_MS } from '../testing/enclave';
import { readAccepted, type Accepted } from '../trust/accepted';
import { contentOf, examineReceipt, type ReceiptVerdict } from './read-file';
import { receiptFailure } from './receipt-failure';

const { pcr0, pcr3 } = measurements;
const accepted: Accepted = [{ pcr0, pcr3 }];
const root = unsafeTrustAnchorFromPem(developmentRoot);

const keys = generateKeyPairSync('ed25519');
const receiptKey = new Uint8Array(Buffer.from(String(keys.publicKey.export({ format: 'jwk' }).x), 'base64url'));
const document = attest({ nonce: new Uint8Array(32), userData: keyBinding({ receiptKey }) });
const claims: ReceiptClaims = {
  v: 2,
  message_id: '00112233-4455-4677-8899-aabbccddeeff',
  sealed_sha256: toBase64Url(new Uint8Array(32).fill(7)),
  suite: 'hpke-x25519-hkdfsha256-xchacha20poly1305',
  offices: [{ commitment: toBase64Url(commitToOffice(new Uint8Array(32), 'HCA12')), outcome: 'accepted' }],
  time: NOW_MS / 1000,
  pcr0: toHex(new Uint8Array(48).fill(0xa0)),
  attestation_sha256: toBase64Url(new Uint8Array(createHash('sha256').update(document).digest())),
};
const receipt = async (over: Partial<ReceiptClaims> = {}, key = keys.privateKey) => ({
  receipt: signReceipt({ ...claims, ...over }, key),
  attestation_document: Buffer.from(document).toString('base64'),
});

async function judged(file: object, sets = accepted, demoRoot: typeof root | null = root): Promise<ReceiptVerdict> {
  const content = contentOf(JSON.stringify(file));
  if (content.kind !== 'receipt') throw new Error('the file is not recognized as a receipt');
  return examineReceipt(content.receipt, sets, demoRoot ?? undefined);
}

it('a receipt is verified from its file alone, in each form in which people get it', async () => {
  const alone = await receipt();
  for (const file of [alone, { id: 'x', status: 'delivered', receipt: alone }])
    expect(await judged(file)).toMatchObject({ kind: 'good', demo: true, verified: { claims } });
});

it.each<[string, () => Promise<object>, ReceiptErrorCode]>([
  ['signed by another key', () => receipt({}, generateKeyPairSync('ed25519').privateKey), 'ERR_RECEIPT_SIGNATURE'],
  ['of another image', () => receipt({ pcr0: 'ab'.repeat(48) }), 'ERR_RECEIPT_MEASUREMENT'],
  ['signed a day later', () => receipt({ time: claims.time + 86_400 }), 'ERR_RECEIPT_ATTESTATION'],
  ['that is empty', () => Promise.resolve({ receipt: '', attestation_document: '' }), 'ERR_RECEIPT_MALFORMED'],
  ['that does not exist yet', () => Promise.resolve({ receipt: null }), 'ERR_RECEIPT_MALFORMED'],
  ['with an extra member', async () => ({ ...(await receipt()), more: 1 }), 'ERR_RECEIPT_MALFORMED'],
])('a receipt %s is refused, and a sentence says why', async (_, file, code) => {
  const verdict = await judged(await file());
  expect(verdict).toMatchObject({ kind: 'bad', error: { code } });
  if (verdict.kind === 'bad') expect(receiptFailure(verdict.error)).toMatch(/^[A-Z].*[.?]$/);
});

it('a receipt of an image that is not accepted is refused with that reason', async () => {
  const verdict = await judged(await receipt(), [{ pcr0: 'ab'.repeat(48), pcr3 }]);
  if (verdict.kind !== 'bad') throw new Error('accepted');
  expect(receiptFailure(verdict.error)).toBe(
    `The document in the receipt does not pass the checks: ${english.checks.failures.ERR_ATTESTATION_MEASUREMENT}`,
  );
});

it('a receipt under a development root is refused outside of a demo, and is marked in a demo', async () => {
  expect(await judged(await receipt(), accepted, null)).toMatchObject({
    kind: 'bad',
    error: { code: 'ERR_RECEIPT_ATTESTATION' },
  });
  expect(await judged(await receipt())).toMatchObject({ kind: 'good', demo: true });
});

it.each([
  ['bytes that are not text', '\u0000\u0001\ufffd\ufffd', 'image_not_hex'],
  ['an empty file', '', 'image_missing'],
  ['a list', '[1,2]', 'not_measurements'],
  ['JSON null', 'null', 'image_not_hex'],
  ['100,000 open brackets', '['.repeat(100_000), 'too_long'],
  ['5,000 nested lists', `${'['.repeat(5000)}${']'.repeat(5000)}`, 'not_json'],
  ['an object with a member twice', '{"receipt":1,"receipt":2}', 'not_json'],
  ['an object with a __proto__ member', '{"__proto__":{"receipt":1}}', 'not_measurements'],
])('a file of %s is refused', (_, content, code) => {
  const read = contentOf(content);
  expect(read.kind).toBe('measurements');
  if (read.kind === 'measurements')
    expect(readAccepted(read.text, '', [pcr3])).toMatchObject({ ok: false, problem: { code } });
});

it('English has a sentence for each way in which a receipt fails', () => {
  const codes: Readonly<Record<ReceiptErrorCode, true>> = {
    ERR_RECEIPT_MALFORMED: true,
    ERR_RECEIPT_ATTESTATION: true,
    ERR_RECEIPT_KEY_BINDING: true,
    ERR_RECEIPT_SIGNATURE: true,
    ERR_RECEIPT_MEASUREMENT: true,
    ERR_RECEIPT_TIME: true,
    ERR_RECEIPT_OTHER_MESSAGE: true,
    ERR_RECEIPT_ANSWER: true,
  };
  expect(Object.keys(english.verify.receipt.failures).sort()).toEqual(Object.keys(codes).sort());
});
