import type { Outcome } from '@communique-tee/protocol';
import type { ClaimReason } from '../../../residence/claim-problems';
import type { HttpsAnswer } from '../../../egress';

/** Why an office's copy is not accepted. The codes are stable, for senders and tests; ../README.md explains them. */
export type OfficeReason =
  // no byte was sent (`aborted` is also the reason if the caller gave up later)
  | 'message_invalid'
  | ClaimReason
  | 'other_content_sent'
  | 'busy'
  | 'aborted'
  | 'credentials_missing'
  | 'not_allowed'
  | 'name_not_resolved'
  | 'unreachable'
  | 'connect_timeout'
  | 'certificate_refused'
  | 'tls_failed'
  // reported by the chamber
  | 'already_received'
  | 'refused_by_office'
  | 'credentials_refused'
  | 'endpoint_not_found'
  | 'rate_limited'
  | 'maintenance'
  // the outcome is from a receipt of another enclave with the same keys, and a receipt has no reasons
  | 'settled_before'
  // sent, with an unknown outcome
  | 'may_have_been_sent'
  | 'answer_timeout'
  | 'connection_lost'
  | 'malformed_answer'
  | 'redirected'
  | 'server_error'
  | 'unexpected_status';

export interface OfficeResult {
  outcome: Outcome;
  /** Null only if the outcome is accepted. */
  reason: OfficeReason | null;
  /**
   * The chamber's own text, at most 500 characters, without control characters. It may quote the message, so only the sender sees it.
   */
  detail: string | null;
}

const MAX_DETAIL_CHARACTERS = 500;

/**
 * Returns the outcome that a chamber's answer means for one office (../README.md has the table). `secret` never appears in the detail, even
 * if the chamber repeats it. Retry-After is ignored, because obeying it would show the parent which office set which wait.
 */
export function judgeAnswer(
  { status, body }: Pick<HttpsAnswer, 'status' | 'body'>,
  deduplicates: boolean,
  secret: string,
): OfficeResult {
  switch (status) {
    case 200:
    case 201:
      return { outcome: 'accepted', reason: null, detail: null };
    case 409:
      return { outcome: 'duplicate', reason: 'already_received', detail: null };
    case 400:
    case 413:
    case 415:
    case 422:
      return { outcome: 'refused', reason: 'refused_by_office', detail: readable(body, secret) };
    case 401:
    case 403:
      return { outcome: 'pending', reason: 'credentials_refused', detail: null };
    case 404:
    case 405:
      return { outcome: 'pending', reason: 'endpoint_not_found', detail: null };
    case 429:
      return { outcome: 'pending', reason: 'rate_limited', detail: null };
    case 503:
      return { outcome: 'pending', reason: 'maintenance', detail: null };
  }
  const reason: OfficeReason =
    status >= 500 ? 'server_error' : status >= 300 && status < 400 ? 'redirected' : 'unexpected_status';
  return sentButNotKnown(reason, deduplicates);
}

/**
 * Returns the outcome of a copy that was sent without a clear answer: `pending` if the chamber recognizes a repeated DeliveryId, so that
 * sending again is safe; otherwise `unknown`, and only the sender may decide to send again.
 */
export function sentButNotKnown(reason: OfficeReason, deduplicates: boolean): OfficeResult {
  return { outcome: deduplicates ? 'pending' : 'unknown', reason, detail: null };
}

/** Returns the chamber's text without markup and control characters, cut to 500 characters (UTF-16 units); null if nothing is left. */
function readable(body: Uint8Array, secret: string): string | null {
  const text = withoutSecret(new TextDecoder('utf-8', { ignoreBOM: true }).decode(body), secret)
    .replace(/<[^<>]*>/g, ' ')
    .replace(/&(lt|gt|quot|apos|amp);/g, (_whole, name: keyof typeof ENTITIES) => ENTITIES[name])
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ');
  const detail = withoutSecret(text, secret)
    .trim()
    .slice(0, MAX_DETAIL_CHARACTERS)
    .replace(/[\ud800-\udbff]$/, '');
  return detail === '' ? null : copied(detail);
}

/** Masks the secret, both in plain form and URL-encoded as in the request's address, which error pages often repeat. */
function withoutSecret(text: string, secret: string): string {
  return text.replaceAll(secret, '***').replaceAll(encodeURIComponent(secret), '***');
}

/**
 * Returns a copy of the text. A substring keeps its whole source text in memory (up to 64 KiB here), and results are remembered for days.
 */
function copied(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}

const ENTITIES = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' } as const;
