import { decodeJson, fromBase64Url, receiptClaimsSchema, type ReceiptClaims } from '@communique-tee/protocol';

const COMPACT_JWS = /^[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]{86}$/;

/**
 * The claims of a receipt, checked for shape only: the signature is not verified here. `undefined` if the bytes are
 * not a receipt.
 */
export function readReceiptClaims_unverified(receipt: string): ReceiptClaims | undefined {
  const payload = COMPACT_JWS.exec(receipt)?.[1];
  if (payload === undefined) return undefined;
  try {
    return receiptClaimsSchema.parse(decodeJson(fromBase64Url(payload)));
  } catch {
    return undefined;
  }
}
