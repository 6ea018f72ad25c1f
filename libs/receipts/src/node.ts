/** Makes receipts and usage statements, in the enclave. */
import {
  RECEIPT_TYPE,
  USAGE_STATEMENT_TYPE,
  receiptClaimsSchema,
  usageStatementSchema,
  type ReceiptClaims,
  type UsageStatement,
} from '@communique-tee/protocol';
import { type KeyObject, sign as signBytes } from 'node:crypto';
import { RECEIPT_ALGORITHM } from './signed-by-enclave';

/**
 * Returns a receipt as a JWS in compact form (RFC 7515, RFC 9864: `Ed25519`).
 * @param claims `offices` may be in any order. The receipt lists them by commitment, so that it does not reveal the message's order
 * @throws ZodError for claims that are not those of a receipt
 */
export function signReceipt(claims: ReceiptClaims, privateKey: KeyObject): string {
  const offices = [...claims.offices].sort((a, b) => (a.commitment < b.commitment ? -1 : 1));
  return sign(RECEIPT_TYPE, receiptClaimsSchema.parse({ ...claims, offices }), privateKey);
}

/**
 * Returns a usage statement as a JWS in compact form, signed by the same key as receipts but with another `typ`.
 * @throws ZodError for claims that are not those of a usage statement, or that contradict themselves
 */
export function signUsageStatement(claims: UsageStatement, privateKey: KeyObject): string {
  return sign(USAGE_STATEMENT_TYPE, usageStatementSchema.parse(claims), privateKey);
}

function sign(typ: string, claims: object, privateKey: KeyObject): string {
  const parts = [{ alg: RECEIPT_ALGORITHM, typ }, claims].map((part) => Buffer.from(JSON.stringify(part)));
  const signed = parts.map((part) => part.toString('base64url')).join('.');
  return `${signed}.${signBytes(null, Buffer.from(signed), privateKey).toString('base64url')}`;
}
