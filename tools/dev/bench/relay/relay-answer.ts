import {
  DEFAULT_SUITE,
  encodeRelayAnswer,
  encodeSealedAnswer,
  toBase64Url,
  type ReceiptClaims,
} from '@communique-tee/protocol';
import { randomBytes, randomUUID } from 'node:crypto';

/** An answer like the enclave's; `at` is the position of the ciphertext, and `room` its length. */
export interface AnswerTemplate {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly room: number;
}

/** The size of a real document with the leaf, three certificates above it, and user data. */
const DOCUMENT_BYTES = 4600;
/** A sealed answer has at most 64 KiB, including its nonce and CBOR heads. */
const MAX_CIPHERTEXT_BYTES = 65_536 - 64;

const templates = new Map<number, AnswerTemplate>();

/** Returns the answer for an echo of `length` bytes. It is made once for each length. */
export function answerTemplate(length: number): AnswerTemplate {
  const known = templates.get(length);
  if (known !== undefined) return known;
  const ciphertext = randomBytes(Math.min(length, MAX_CIPHERTEXT_BYTES));
  const bytes = encodeRelayAnswer({
    state: 'final',
    retryAfterSeconds: null,
    withheld: 0,
    receipt: receiptOfThatShape(),
    attestationDocument: randomBytes(DOCUMENT_BYTES),
    answer: encodeSealedAnswer({ nonce: randomBytes(24), ciphertext }),
  });
  const template = { bytes, at: Buffer.from(bytes).indexOf(ciphertext), room: ciphertext.length };
  templates.set(length, template);
  return template;
}

/** Returns a receipt with an invalid signature, because the measured code only reads the claims. */
function receiptOfThatShape(): string {
  const hash = () => toBase64Url(randomBytes(32));
  const claims: ReceiptClaims = {
    v: 2,
    message_id: randomUUID(),
    sealed_sha256: hash(),
    suite: DEFAULT_SUITE,
    offices: [hash(), hash(), hash()].sort().map((commitment) => ({ commitment, outcome: 'accepted' as const })),
    time: Math.floor(Date.now() / 1000),
    pcr0: randomBytes(48).toString('hex'),
    attestation_sha256: hash(),
  };
  const part = (value: object) => toBase64Url(Buffer.from(JSON.stringify(value)));
  return `${part({ alg: 'EdDSA', typ: 'communique-tee-receipt+jws' })}.${part(claims)}.${toBase64Url(randomBytes(64))}`;
}
