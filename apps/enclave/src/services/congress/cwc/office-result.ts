import type { Outcome } from '@communique-tee/protocol';

/** Why an office's copy is not simply accepted: stable words, for the sender and for tests. README.md has the table. */
export type OfficeReason =
  // nothing was sent
  | 'message_invalid'
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
  // the far end said so
  | 'already_received'
  | 'refused_by_office'
  | 'credentials_refused'
  | 'endpoint_not_found'
  | 'rate_limited'
  | 'maintenance'
  // said by a receipt of another enclave of the same keys, which had the reason
  | 'settled_before'
  // sent, and not known
  | 'may_have_been_sent'
  | 'answer_timeout'
  | 'connection_lost'
  | 'malformed_answer'
  | 'redirected'
  | 'server_error'
  | 'unexpected_status';

export interface OfficeResult {
  outcome: Outcome;
  /** Null only for accepted. */
  reason: OfficeReason | null;
  /** What the far end said, as text, at most 500 characters, without control characters. It may quote the message: for the sender only. */
  detail: string | null;
  /** When the far end, or our own line of waiting, said how long to wait. */
  retryAfterSeconds?: number;
}
