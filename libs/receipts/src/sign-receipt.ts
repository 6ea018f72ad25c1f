import { RECEIPT_TYPE, receiptClaimsSchema, type ReceiptClaims } from '@communique-tee/protocol';
import { CompactSign, type CryptoKey, type KeyObject } from 'jose';

export const RECEIPT_ALGORITHM = 'Ed25519';

/**
 * A receipt as JWS in compact form (RFC 7515, RFC 9864: `Ed25519`). The key never leaves the enclave.
 * @param claims `offices` in any order: they are sorted by commitment, so that their order says nothing of the message's
 * @throws ZodError for claims that are not those of a receipt
 */
export async function signReceipt(claims: ReceiptClaims, privateKey: CryptoKey | KeyObject): Promise<string> {
  const offices = [...claims.offices].sort((a, b) => (a.commitment < b.commitment ? -1 : 1));
  const payload = new TextEncoder().encode(JSON.stringify(receiptClaimsSchema.parse({ ...claims, offices })));
  return new CompactSign(payload).setProtectedHeader({ alg: RECEIPT_ALGORITHM, typ: RECEIPT_TYPE }).sign(privateKey);
}
