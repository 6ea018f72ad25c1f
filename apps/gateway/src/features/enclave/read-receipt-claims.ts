import { decodeJson, fromBase64Url, receiptClaimsSchema, type ReceiptClaims } from '@communique-tee/protocol';

const COMPACT_JWS = /^[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]{86}$/;

/**
 * Returns the claims of a receipt without verifying its signature; only their form is checked. `undefined` if the text is not a receipt.
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
