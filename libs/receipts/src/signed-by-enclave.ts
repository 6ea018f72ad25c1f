import { AttestationError } from '@communique-tee/attestation/browser';
import {
  EnclaveError,
  type EnclaveEvidence,
  type EnclaveIdentity,
  type EnclavePolicy,
} from '@communique-tee/enclave-identity/browser';
import { decodeJson, fromBase64Url, toBase64Url } from '@communique-tee/protocol';
import { sha256 } from '@noble/hashes/sha2.js';
import { ReceiptError } from './errors';

/** `alg` of every JWS that an enclave signs (RFC 9864). */
export const RECEIPT_ALGORITHM = 'Ed25519';

const SIGNATURE_BYTES = 64;
/** An enclave's certificate lasts three hours, so a document proves nothing about later signatures. */
const MAX_DOCUMENT_AGE_MS = 3 * 3600_000 + 60_000;
/** The enclave gets the document before it signs, but its clock and the NSM's may differ a little. */
const MAX_DOCUMENT_FUTURE_MS = 5_000;

export interface SignerPolicy extends Pick<EnclavePolicy, 'acceptedMeasurements' | 'acceptedCustody' | 'trustAnchor'> {
  /** `verifyEnclave` of `@communique-tee/enclave-identity` (Node) or of `@communique-tee/enclave-identity/browser`. */
  verifyEnclave: (evidence: EnclaveEvidence, policy: EnclavePolicy) => Promise<EnclaveIdentity>;
}

/** The claims that receipts and usage statements have in common. */
interface SignedClaims {
  /** Unix seconds by the enclave's clock. */
  time: number;
  pcr0: string;
  /** SHA-256 of the attestation document that comes with the statement, in base64url. */
  attestation_sha256: string;
}

/** One kind of signed statement: the `typ` of its JWS, and how its claims are read. */
export interface SignedKind<Claims extends SignedClaims> {
  readonly type: string;
  /** @throws for claims of another form */
  readonly parse: (claims: unknown) => Claims;
}

export interface VerifiedStatement<Claims> {
  claims: Claims;
  /** The enclave that signed the statement, as the attestation document names it. */
  enclave: EnclaveIdentity;
}

/**
 * Verifies a signed statement, even years later. The attestation document that comes with it, and every certificate of its chain, must be
 * valid at the statement's own time. The receipt key in the document's `user_data` must verify the signature. The statement's time and
 * measurement must match the document. The caller checks what the statement is about.
 * @throws ReceiptError
 */
export async function verifySigned<Claims extends SignedClaims>(
  kind: SignedKind<Claims>,
  { jws, document }: { jws: string; document: Uint8Array },
  policy: SignerPolicy,
): Promise<VerifiedStatement<Claims>> {
  const claimed = readClaims_unverified(kind, jws);
  if (claimed.attestation_sha256 !== toBase64Url(sha256(document))) {
    throw new ReceiptError('ERR_RECEIPT_ATTESTATION', 'the receipt names another attestation document');
  }
  const enclave = await verifyDocument(document, claimed, policy);
  const claims = await verifySignature(kind, jws, enclave.receiptKey);
  const { attestation } = enclave;
  const timeMs = claims.time * 1000;
  // `time` has whole seconds: it may be up to 999 ms before the certificate begins
  if (timeMs + 999 < attestation.leafNotBeforeMs || timeMs > attestation.leafNotAfterMs) {
    throw new ReceiptError('ERR_RECEIPT_TIME', 'the receipt was signed outside the validity of its certificate');
  }
  if (claims.pcr0 !== attestation.pcr0)
    throw new ReceiptError('ERR_RECEIPT_MEASUREMENT', 'the receipt names another measurement');
  return { claims, enclave };
}

async function verifyDocument(
  document: Uint8Array,
  claimed: SignedClaims,
  { verifyEnclave, acceptedMeasurements, acceptedCustody, trustAnchor }: SignerPolicy,
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
 * Verifies only the signature, under a key that the caller already knows. This does not show when, or for what, the statement was made.
 * @param receiptKey 32 bytes, Ed25519
 * @throws ReceiptError `ERR_RECEIPT_SIGNATURE` | `ERR_RECEIPT_MALFORMED`
 */
export async function verifySignature<Claims extends SignedClaims>(
  kind: SignedKind<Claims>,
  jws: string,
  receiptKey: Uint8Array,
): Promise<Claims> {
  const { payload, signature, signed } = partsOf(jws, kind.type);
  let isSigned: boolean;
  try {
    const key = await crypto.subtle.importKey('raw', new Uint8Array(receiptKey), RECEIPT_ALGORITHM, false, ['verify']);
    isSigned = await crypto.subtle.verify(RECEIPT_ALGORITHM, key, signature, signed);
  } catch (cause) {
    throw new ReceiptError('ERR_RECEIPT_SIGNATURE', 'the receipt key cannot verify', { cause });
  }
  if (!isSigned) throw new ReceiptError('ERR_RECEIPT_SIGNATURE', 'the attested receipt key did not make the signature');
  return readClaims(kind, payload);
}

/**
 * Returns the claims of a statement without any verification.
 * @throws ReceiptError `ERR_RECEIPT_MALFORMED`
 */
export function readClaims_unverified<Claims extends SignedClaims>(kind: SignedKind<Claims>, jws: string): Claims {
  return readClaims(kind, partsOf(jws, kind.type).payload);
}

interface Parts {
  readonly payload: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array<ArrayBuffer>;
  /** The signed bytes (RFC 7515 section 5.2). */
  readonly signed: Uint8Array<ArrayBuffer>;
}

/**
 * Returns the parts of a compact JWS (RFC 7515 section 3.1) with the right header. Does not verify the signature.
 * Reads base64url strictly (RFC 4648 section 3.5): no padding, unused bits zero, no other characters. So each
 * statement has exactly one text. JWS libraries are less strict.
 * @throws ReceiptError `ERR_RECEIPT_MALFORMED`
 */
function partsOf(jws: string, type: string): Parts {
  try {
    const [header, payload, signature, ...more] = jws.split('.').map(fromBase64Url);
    if (header === undefined || payload === undefined || signature?.length !== SIGNATURE_BYTES || more.length > 0)
      throw new TypeError('parts');
    const { alg, typ, ...rest } = decodeJson(header) as Record<string, unknown>;
    if (alg !== RECEIPT_ALGORITHM || typ !== type || Object.keys(rest).length > 0) throw new TypeError('header');
    const signed = new TextEncoder().encode(jws.slice(0, jws.lastIndexOf('.')));
    return { payload, signature: new Uint8Array(signature), signed };
  } catch (cause) {
    throw new ReceiptError('ERR_RECEIPT_MALFORMED', 'not a JWS in the form of a receipt', { cause });
  }
}

function readClaims<Claims extends SignedClaims>(kind: SignedKind<Claims>, payload: Uint8Array): Claims {
  try {
    return kind.parse(decodeJson(payload));
  } catch (cause) {
    throw new ReceiptError('ERR_RECEIPT_MALFORMED', 'the claims are not those of a receipt', { cause });
  }
}
