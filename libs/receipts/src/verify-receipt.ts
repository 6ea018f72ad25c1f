import {
  RECEIPT_TYPE,
  fromBase64,
  fromBase64Url,
  receiptClaimsSchema,
  receiptSchema,
  toBase64Url,
  type ReceiptClaims,
} from '@communique-tee/protocol';
import { ReceiptError } from './errors';
import {
  readClaims_unverified,
  verifySignature,
  verifySigned,
  type SignedKind,
  type SignerPolicy,
  type VerifiedStatement,
} from './signed-by-enclave';

const RECEIPT: SignedKind<ReceiptClaims> = {
  type: RECEIPT_TYPE,
  parse: (claims) => receiptClaimsSchema.parse(claims),
};

export interface ReceiptPolicy extends SignerPolicy {
  /** A UUID. The receipt must be for this message. */
  messageId: string;
  /** SHA-256 (32 bytes) of the message's sealed CBOR form. */
  sealedSha256: Uint8Array;
}

export type VerifiedReceipt = VerifiedStatement<ReceiptClaims>;

/**
 * Verifies a receipt, even years later: makes the checks of `verifySigned`, and checks that the receipt is for this message.
 *
 * @param receipt the gateway's answer (see receiptSchema of libs/protocol); untrusted
 * @throws ReceiptError by `code`
 * @example
 * const { claims } = await verifyReceipt(view.receipt, { verifyEnclave, acceptedMeasurements: [{ pcr0, pcr3 }], messageId, sealedSha256 });
 */
export async function verifyReceipt(receipt: unknown, policy: ReceiptPolicy): Promise<VerifiedReceipt> {
  const verified = await verifySigned(RECEIPT, readReceipt(receipt), policy);
  const { message_id, sealed_sha256 } = verified.claims;
  if (message_id !== policy.messageId || sealed_sha256 !== toBase64Url(policy.sealedSha256)) {
    throw new ReceiptError('ERR_RECEIPT_OTHER_MESSAGE', 'the receipt is for another message');
  }
  return verified;
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

/**
 * Verifies only the signature, with a key that the caller already knows. Does not check the time or the message. The enclave uses this
 * function for its own receipts.
 * @param receiptKey 32 bytes, Ed25519
 * @throws ReceiptError `ERR_RECEIPT_SIGNATURE` | `ERR_RECEIPT_MALFORMED`
 */
export function verifyReceiptSignature(jws: string, receiptKey: Uint8Array): Promise<ReceiptClaims> {
  return verifySignature(RECEIPT, jws, receiptKey);
}

/**
 * Returns the message that a receipt names, for a person who has only the receipt. Pass the result to `verifyReceipt`, to check that an
 * enclave signed the receipt. The person must compare the message with their own.
 * @param receipt the same as for `verifyReceipt`; untrusted
 * @throws ReceiptError `ERR_RECEIPT_MALFORMED`
 */
export function messageNamedBy(receipt: unknown): Pick<ReceiptPolicy, 'messageId' | 'sealedSha256'> {
  const claims = readClaims_unverified(RECEIPT, readReceipt(receipt).jws);
  return { messageId: claims.message_id, sealedSha256: fromBase64Url(claims.sealed_sha256) };
}
