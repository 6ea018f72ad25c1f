import { AttestationError } from '@communique-tee/attestation/browser';
import {
  EnclaveError,
  type EnclaveEvidence,
  type EnclaveIdentity,
  type EnclavePolicy,
} from '@communique-tee/enclave-identity/browser';
import {
  RECEIPT_TYPE,
  decodeJson,
  fromBase64,
  fromBase64Url,
  receiptClaimsSchema,
  receiptSchema,
  toBase64Url,
  type ReceiptClaims,
} from '@communique-tee/protocol';
import { sha256 } from '@noble/hashes/sha2.js';
import { ReceiptError } from './errors';
import { RECEIPT_ALGORITHM } from './sign-receipt';

const SIGNATURE_BYTES = 64;
/** An instance leaf certificate lasts three hours; a document is never older than its certificate when it vouches for a receipt. */
const MAX_DOCUMENT_AGE_MS = 3 * 3600_000 + 60_000;
/** The document is made before the receipt; a little is allowed for two clocks. */
const MAX_DOCUMENT_FUTURE_MS = 5_000;

export interface ReceiptPolicy extends Pick<EnclavePolicy, 'acceptedMeasurements' | 'acceptedCustody' | 'trustAnchor'> {
  /** The caller's choice of entry: `verifyEnclave` of `@communique-tee/enclave-identity` (Node) or of its `/browser`. */
  verifyEnclave: (evidence: EnclaveEvidence, policy: EnclavePolicy) => Promise<EnclaveIdentity>;
  /** The message that the receipt has to be about: its id as a UUID, SHA-256 (32 bytes) of its sealed CBOR form. */
  messageId: string;
  sealedSha256: Uint8Array;
}

export interface VerifiedReceipt {
  claims: ReceiptClaims;
  /** The enclave that signed it, as the carried document attests it. */
  enclave: EnclaveIdentity;
}

/**
 * Verifies a receipt on its own, years later if need be: the attestation document it carries is verified at the receipt's own
 * time (so that time lies inside the validity of every certificate of the chain), the receipt key is taken from that
 * document's `user_data`, the signature is checked under it, and the claims against the document and the message.
 *
 * @param receipt what the gateway hands out (see receiptSchema of libs/protocol); untrusted
 * @throws ReceiptError by `code`
 * @example
 * const { claims } = await verifyReceipt(view.receipt, { verifyEnclave, acceptedMeasurements: [{ pcr0, pcr3 }], messageId, sealedSha256 });
 */
export async function verifyReceipt(receipt: unknown, policy: ReceiptPolicy): Promise<VerifiedReceipt> {
  const { jws, document } = readReceipt(receipt);
  const claimed = readClaims(partsOf(jws).payload);
  if (claimed.attestation_sha256 !== toBase64Url(sha256(document))) {
    throw new ReceiptError('ERR_RECEIPT_ATTESTATION', 'the receipt names another attestation document');
  }
  const enclave = await verifyDocument(document, claimed, policy);
  const claims = await verifyReceiptSignature(jws, enclave.receiptKey);
  const { attestation } = enclave;
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
  return { claims, enclave };
}

function readReceipt(receipt: unknown): { jws: string; document: Uint8Array } {
  const parsed = receiptSchema.safeParse(receipt);
  if (!parsed.success) throw new ReceiptError('ERR_RECEIPT_MALFORMED', 'not a receipt');
  try {
    return { jws: parsed.data.receipt, document: fromBase64(parsed.data.attestation_document) };
  } catch (cause) {
    throw new ReceiptError('ERR_RECEIPT_MALFORMED', 'the attestation document is not base64', { cause });
  }
}

async function verifyDocument(
  document: Uint8Array,
  claimed: ReceiptClaims,
  { verifyEnclave, acceptedMeasurements, acceptedCustody, trustAnchor }: ReceiptPolicy,
): Promise<EnclaveIdentity> {
  try {
    return await verifyEnclave(
      { document },
      {
        acceptedMeasurements,
        ...(acceptedCustody && { acceptedCustody }),
        ...(trustAnchor && { trustAnchor }),
        freshness: { documentTakenFromCache: true },
        maxAgeMs: MAX_DOCUMENT_AGE_MS,
        maxFutureSkewMs: MAX_DOCUMENT_FUTURE_MS,
        at: new Date(claimed.time * 1000 + 999),
      },
    );
  } catch (cause) {
    if (cause instanceof AttestationError)
      throw new ReceiptError('ERR_RECEIPT_ATTESTATION', `the attestation document does not verify: ${cause.code}`, {
        cause,
      });
    if (!(cause instanceof EnclaveError)) throw cause;
    throw new ReceiptError('ERR_RECEIPT_KEY_BINDING', cause.message, { cause });
  }
}

/**
 * The signature alone, under a key that is known already: for the enclave that holds the private half. Nothing says here when, or for
 * which message, the receipt was made.
 * @param receiptKey 32 bytes, Ed25519
 * @throws ReceiptError `ERR_RECEIPT_SIGNATURE` | `ERR_RECEIPT_MALFORMED`
 */
export async function verifyReceiptSignature(jws: string, receiptKey: Uint8Array): Promise<ReceiptClaims> {
  const { payload, signature, signed } = partsOf(jws);
  let isSigned: boolean;
  try {
    const key = await crypto.subtle.importKey('raw', new Uint8Array(receiptKey), RECEIPT_ALGORITHM, false, ['verify']);
    isSigned = await crypto.subtle.verify(RECEIPT_ALGORITHM, key, signature, signed);
  } catch (cause) {
    throw new ReceiptError('ERR_RECEIPT_SIGNATURE', 'the receipt key cannot verify', { cause });
  }
  if (!isSigned) throw new ReceiptError('ERR_RECEIPT_SIGNATURE', 'the signature does not fit the attested receipt key');
  return readClaims(payload);
}

interface Parts {
  readonly payload: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array<ArrayBuffer>;
  /** What the signature is over (RFC 7515 section 5.2). */
  readonly signed: Uint8Array<ArrayBuffer>;
}

/**
 * The parts of a compact JWS (RFC 7515 section 3.1) with the header of a receipt, before the signature is verified. Base64url is read
 * strictly (RFC 4648 section 3.5): no padding, unused bits zero, nothing around it, so that one receipt has one text. Libraries for JWS
 * take more.
 * @throws ReceiptError `ERR_RECEIPT_MALFORMED`
 */
function partsOf(jws: string): Parts {
  try {
    const [header, payload, signature, ...more] = jws.split('.').map(fromBase64Url);
    if (header === undefined || payload === undefined || signature?.length !== SIGNATURE_BYTES || more.length > 0)
      throw new TypeError('parts');
    const { alg, typ, ...rest } = decodeJson(header) as Record<string, unknown>;
    if (alg !== RECEIPT_ALGORITHM || typ !== RECEIPT_TYPE || Object.keys(rest).length > 0)
      throw new TypeError('header');
    const signed = new TextEncoder().encode(jws.slice(0, jws.lastIndexOf('.')));
    return { payload, signature: new Uint8Array(signature), signed };
  } catch (cause) {
    throw new ReceiptError('ERR_RECEIPT_MALFORMED', 'not a JWS as receipts are', { cause });
  }
}

function readClaims(payload: Uint8Array): ReceiptClaims {
  try {
    return receiptClaimsSchema.parse(decodeJson(payload));
  } catch (cause) {
    throw new ReceiptError('ERR_RECEIPT_MALFORMED', 'the claims are not those of a receipt', { cause });
  }
}

/**
 * The message that a receipt itself names, for a person who holds the receipt alone: verified with it, `verifyReceipt` shows that an
 * enclave signed it, and the person compares the message with their own.
 * @param receipt as of `verifyReceipt`; untrusted
 * @throws ReceiptError `ERR_RECEIPT_MALFORMED`
 */
export function messageNamedBy(receipt: unknown): Pick<ReceiptPolicy, 'messageId' | 'sealedSha256'> {
  const claims = readClaims(partsOf(readReceipt(receipt).jws).payload);
  return { messageId: claims.message_id, sealedSha256: fromBase64Url(claims.sealed_sha256) };
}
