import {
  DISPATCHED_BEFORE,
  MAX_RECEIPT_CHARACTERS,
  PROCESS_CUSTODY,
  toBase64Url,
  type ReceiptClaims,
} from '@communique-tee/protocol';
import { ReceiptError, verifyReceiptSignature } from '@communique-tee/receipts';
import type { OfficeResult } from './cwc/judge-answer';
import { ProblemError } from '../../runtime/problem-error';
import type { EnclaveKeys } from '../../identity/keys/enclave-keys';

/** What the gateway says of earlier attempts at a message (libs/protocol relay/relay.ts). */
export interface AttemptHeaders {
  /** One went out and was never answered. */
  dispatchedBefore: boolean;
  /** The last receipt that said `pending` of some office; nothing of it is believed before it is checked. */
  interimReceipt: string | null;
}

export const FIRST_ATTEMPT: AttemptHeaders = { dispatchedBefore: false, interimReceipt: null };

/** @throws ProblemError `malformed_body` for a value that the protocol does not know */
export function readAttemptHeaders(
  dispatchedBefore: string | undefined,
  interimReceipt: string | undefined,
): AttemptHeaders {
  const isKnown =
    [undefined, DISPATCHED_BEFORE].includes(dispatchedBefore) &&
    (interimReceipt?.length ?? 0) <= MAX_RECEIPT_CHARACTERS;
  if (!isKnown) throw new ProblemError('malformed_body', { detail: 'a header of earlier attempts' });
  return { dispatchedBefore: dispatchedBefore !== undefined, interimReceipt: interimReceipt ?? null };
}

/**
 * The result to report for an office's copy instead of sending it, where this enclave's own memory knows nothing of it and the chamber
 * would take it twice; null: the enclave may send it.
 */
export type EarlierAttempts = (office: string) => OfficeResult | null;

const MAY_HAVE_BEEN_SENT: OfficeResult = { outcome: 'unknown', reason: 'may_have_been_sent', detail: null };

/**
 * Keys of one process are used by nobody else, and its memory is all there is. Keys that are shared outlive the process and belong to
 * several: what another one sent, it said in an interim receipt under those keys, or took along unsaid. A parent that says nothing of it
 * can still have a copy sent twice (docs/keys.md).
 */
export async function earlierAttempts(
  { dispatchedBefore, interimReceipt }: AttemptHeaders,
  {
    keys,
    messageId,
    sealedSha256,
    commitmentOf,
  }: {
    keys: Pick<EnclaveKeys, 'custody' | 'receiptKey'>;
    messageId: string;
    sealedSha256: Uint8Array;
    /** Of an office in a receipt of that time (Unix seconds); base64url. */
    commitmentOf: (office: string, time: number) => string;
  },
): Promise<EarlierAttempts> {
  if (keys.custody === PROCESS_CUSTODY) return () => null;
  if (interimReceipt === null) return () => (dispatchedBefore ? MAY_HAVE_BEEN_SENT : null);
  const claims = await claimsOf(interimReceipt, keys.receiptKey, messageId, sealedSha256);
  // A receipt that is not one of these keys for this message says nothing, but that somebody has something to hide
  if (!claims) return () => MAY_HAVE_BEEN_SENT;
  const outcomes = new Map(claims.offices.map(({ commitment, outcome }) => [commitment, outcome]));
  return (office) => {
    const outcome = outcomes.get(commitmentOf(office, claims.time)) ?? 'unknown';
    if (outcome === 'pending') return dispatchedBefore ? MAY_HAVE_BEEN_SENT : null;
    if (outcome === 'unknown') return MAY_HAVE_BEEN_SENT;
    return { outcome, reason: outcome === 'accepted' ? null : 'settled_before', detail: null };
  };
}

async function claimsOf(
  receipt: string,
  receiptKey: Uint8Array,
  messageId: string,
  sealedSha256: Uint8Array,
): Promise<ReceiptClaims | null> {
  try {
    const claims = await verifyReceiptSignature(receipt, receiptKey);
    return claims.message_id === messageId && claims.sealed_sha256 === toBase64Url(sealedSha256) ? claims : null;
  } catch (error) {
    if (error instanceof ReceiptError) return null;
    throw error;
  }
}
