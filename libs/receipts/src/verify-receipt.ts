import {
  AttestationError,
  type AttestationPolicy,
  type VerifiedAttestation,
} from '@communique-tee/attestation/browser';
import {
  RECEIPT_TYPE,
  decodeKeyBinding,
  receiptClaimsSchema,
  receiptSchema,
  toBase64Url,
  type ReceiptClaims,
} from '@communique-tee/protocol';
import { sha256 } from '@noble/hashes/sha2.js';
import { compactVerify, decodeProtectedHeader, importJWK } from 'jose';
import { ReceiptError } from './errors';
import { RECEIPT_ALGORITHM } from './sign-receipt';

/** An instance leaf certificate lasts three hours; a document is never older than its certificate when it vouches for a receipt. */
const MAX_DOCUMENT_AGE_MS = 3 * 3600_000 + 60_000;
/** The document is made before the receipt; a little is allowed for two clocks. */
const MAX_DOCUMENT_FUTURE_MS = 5_000;

export interface ReceiptPolicy {
  /** The caller's choice of entry: `verifyAttestation` of `@communique-tee/attestation` (Node) or of its `/browser`. */
  verifyAttestation: (document: Uint8Array, policy: AttestationPolicy) => Promise<VerifiedAttestation>;
  acceptedMeasurements: AttestationPolicy['acceptedMeasurements'];
  /** Only for a development or test root; the AWS root otherwise. */
  trustAnchor?: AttestationPolicy['trustAnchor'];
  /** The message that the receipt has to be about: its id as a UUID, SHA-256 (32 bytes) of its sealed CBOR form. */
  messageId: string;
  sealedSha256: Uint8Array;
}

export interface VerifiedReceipt {
  claims: ReceiptClaims;
  attestation: VerifiedAttestation;
}

/**
 * Verifies a receipt on its own, years later if need be: the attestation document it carries is verified at the receipt's own
 * time (so that time lies inside the validity of every certificate of the chain), the receipt key is taken from that
 * document's `user_data`, the signature is checked under it, and the claims against the document and the message.
 *
 * @param receipt what the gateway hands out (see receiptSchema of libs/protocol); untrusted
 * @throws ReceiptError by `code`
 * @example
 * const { claims } = await verifyReceipt(view.receipt, { verifyAttestation, acceptedMeasurements: [{ pcr0 }], messageId, sealedSha256 });
 */
export async function verifyReceipt(receipt: unknown, policy: ReceiptPolicy): Promise<VerifiedReceipt> {
  const { jws, document } = readReceipt(receipt);
  const claimed = readClaims(payloadOf(jws));
  if (claimed.attestation_sha256 !== toBase64Url(sha256(document))) {
    throw new ReceiptError('ERR_RECEIPT_ATTESTATION', 'the receipt names another attestation document');
  }
  const attestation = await verifyDocument(document, claimed, policy);
  const claims = await verifySignature(jws, attestation);
  const timeMs = claims.time * 1000;
  // A second's resolution: a receipt of the very second in which the certificate starts is inside
  if (timeMs + 999 < attestation.leafNotBeforeMs || timeMs > attestation.leafNotAfterMs) {
    throw new ReceiptError('ERR_RECEIPT_TIME', 'the receipt was signed outside the validity of its certificate');
  }
  if (claims.pcr0 !== attestation.pcr0)
    throw new ReceiptError('ERR_RECEIPT_MEASUREMENT', 'the receipt names another measurement');
  if (claims.message_id !== policy.messageId || claims.sealed_sha256 !== toBase64Url(policy.sealedSha256)) {
    throw new ReceiptError('ERR_RECEIPT_OTHER_MESSAGE', 'the receipt is for another message');
  }
  return { claims, attestation };
}

function readReceipt(receipt: unknown): { jws: string; document: Uint8Array } {
  const parsed = receiptSchema.safeParse(receipt);
  if (!parsed.success) throw new ReceiptError('ERR_RECEIPT_MALFORMED', 'not a receipt');
  try {
    const { alg, typ, ...rest } = decodeProtectedHeader(parsed.data.receipt);
    if (alg !== RECEIPT_ALGORITHM || typ !== RECEIPT_TYPE || Object.keys(rest).length > 0)
      throw new TypeError('header');
    const document = Uint8Array.from(atob(parsed.data.attestation_document), (character) => character.charCodeAt(0));
    return { jws: parsed.data.receipt, document };
  } catch (cause) {
    throw new ReceiptError('ERR_RECEIPT_MALFORMED', 'not a JWS as receipts are', { cause });
  }
}

async function verifyDocument(
  document: Uint8Array,
  claimed: ReceiptClaims,
  policy: ReceiptPolicy,
): Promise<VerifiedAttestation> {
  try {
    return await policy.verifyAttestation(document, {
      acceptedMeasurements: policy.acceptedMeasurements,
      freshness: { documentTakenFromCache: true },
      maxAgeMs: MAX_DOCUMENT_AGE_MS,
      maxFutureSkewMs: MAX_DOCUMENT_FUTURE_MS,
      at: new Date(claimed.time * 1000 + 999),
      ...(policy.trustAnchor && { trustAnchor: policy.trustAnchor }),
    });
  } catch (cause) {
    if (!(cause instanceof AttestationError)) throw cause;
    throw new ReceiptError('ERR_RECEIPT_ATTESTATION', `the attestation document does not verify: ${cause.code}`, {
      cause,
    });
  }
}

async function verifySignature(jws: string, attestation: VerifiedAttestation): Promise<ReceiptClaims> {
  let receiptKey: Uint8Array;
  try {
    receiptKey = decodeKeyBinding(attestation.userData ?? new Uint8Array()).receiptKey;
  } catch (cause) {
    throw new ReceiptError('ERR_RECEIPT_KEY_BINDING', 'the attestation document names no receipt key', { cause });
  }
  return verifyReceiptSignature(jws, receiptKey);
}

/**
 * The signature alone, under a key that is known already: for the enclave that holds the private half. Nothing says here when, or for
 * which message, the receipt was made.
 * @param receiptKey 32 bytes, Ed25519
 * @throws ReceiptError `ERR_RECEIPT_SIGNATURE` | `ERR_RECEIPT_MALFORMED`
 */
export async function verifyReceiptSignature(jws: string, receiptKey: Uint8Array): Promise<ReceiptClaims> {
  try {
    const key = await importJWK({ kty: 'OKP', crv: 'Ed25519', x: toBase64Url(receiptKey) }, RECEIPT_ALGORITHM);
    const { payload, protectedHeader } = await compactVerify(jws, key, { algorithms: [RECEIPT_ALGORITHM] });
    if (protectedHeader.typ !== RECEIPT_TYPE)
      throw new ReceiptError('ERR_RECEIPT_MALFORMED', 'not a JWS as receipts are');
    return readClaims(payload);
  } catch (cause) {
    if (cause instanceof ReceiptError) throw cause;
    throw new ReceiptError('ERR_RECEIPT_SIGNATURE', 'the signature does not fit the attested receipt key', { cause });
  }
}

function payloadOf(jws: string): Uint8Array {
  try {
    const text = atob((jws.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'));
    return Uint8Array.from(text, (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new ReceiptError('ERR_RECEIPT_MALFORMED', 'not a JWS', { cause });
  }
}

function readClaims(payload: Uint8Array): ReceiptClaims {
  try {
    return receiptClaimsSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)));
  } catch (cause) {
    throw new ReceiptError('ERR_RECEIPT_MALFORMED', 'the claims are not those of a receipt', { cause });
  }
}
