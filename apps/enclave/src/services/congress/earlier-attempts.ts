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

/** The gateway's claims about earlier attempts at a message (libs/protocol messages/relay.ts). */
export interface AttemptHeaders {
  /** Whether the gateway sent an attempt to an enclave and got no answer. */
  dispatchedBefore: boolean;
  /** The last receipt with a `pending` office. It is verified before use. */
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
 * What another enclave's attempt means for the copy of an office whose chamber does not de-duplicate:
 * - a result: an enclave with the same keys signed this outcome
 * - `may_have_been_sent`: the gateway claims an attempt without proof, so this enclave neither sends nor remembers the copy
 * - null: this enclave may send the copy
 */
export type EarlierAttempt = OfficeResult | 'may_have_been_sent' | null;

/**
 * Returns a function that gives the earlier attempt for an office. With per-process keys the answer is null: only this process opens the
 * message, and it remembers every delivery. With KMS-sealed keys, another enclave may have signed an interim receipt, or ended before it
 * could sign. A parent that hides the receipt or the attempt can still have a copy sent twice (docs/keys.md). A parent that invents an
 * attempt only keeps the copy pending.
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
    /** Returns the commitment to an office in a receipt of that time (Unix seconds), in base64url. */
    commitmentOf: (office: string, time: number) => string;
  },
): Promise<(office: string) => EarlierAttempt> {
  if (keys.custody === PROCESS_CUSTODY) return () => null;
  const hearsay = dispatchedBefore ? 'may_have_been_sent' : null;
  const claims =
    interimReceipt === null ? null : await claimsOf(interimReceipt, keys.receiptKey, messageId, sealedSha256);
  if (!claims) return () => hearsay;
  const outcomes = new Map(claims.offices.map(({ commitment, outcome }) => [commitment, outcome]));
  return (office) => {
    const outcome = outcomes.get(commitmentOf(office, claims.time));
    if (outcome === undefined || outcome === 'pending') return hearsay;
    return { outcome, reason: outcome === 'accepted' ? null : 'settled_before', detail: null };
  };
}

/** Returns the receipt's claims; null unless this key signed the receipt for this message. */
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
