import type { ProviderFailure } from './agents/ends';

/**
 * Every problem (RFC 9457) with which the gateway or the enclave answers. `code` is stable. Title and detail are for people and may be
 * reworded.
 */
export const PROBLEMS = {
  // Faults of the request
  malformed_request: { status: 400, title: 'The request cannot be read' },
  malformed_body: { status: 400, title: 'The body cannot be read' },
  nonce_invalid: { status: 400, title: 'The nonce is not 16 to 64 bytes in hex' },
  idempotency_key_invalid: { status: 400, title: 'Idempotency-Key is not 1 to 128 visible ASCII characters' },
  residence_not_open: { status: 400, title: 'This gateway does not accept proofs of residence' },
  proof_invalid: { status: 400, title: 'The proof of residence does not verify' },
  root_not_accepted: { status: 400, title: "The registrar's note is not accepted" },
  model_class_unknown: { status: 400, title: 'No model class has this name' },
  unauthenticated: { status: 401, title: 'A valid bearer token is required' },
  forbidden: { status: 403, title: 'The token does not allow this' },
  residence_required: { status: 403, title: 'A proof of residence is required' },
  service_off: { status: 404, title: 'This enclave does not offer this service' },
  agents_off: { status: 404, title: 'This gateway takes no tasks for models' },
  not_found: { status: 404, title: 'Nothing exists at this address' },
  method_not_allowed: { status: 405, title: 'This address does not allow this method' },
  not_acceptable: { status: 406, title: 'None of the accepted content types is available' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  message_id_taken: { status: 409, title: 'This message id is in use' },
  slug_taken: { status: 409, title: 'Another template has this slug' },
  template_changed: { status: 409, title: 'The template has changed since it was read' },
  templates_full: { status: 409, title: 'No more templates can be stored' },
  key_retired: { status: 409, title: 'The message is sealed to a key that the enclave no longer holds' },
  circuit_retired: { status: 409, title: 'The proof is for a circuit that is no longer accepted' },
  already_sent: { status: 409, title: 'A message of this campaign was already sent' },
  outcome_unknown: { status: 409, title: 'The outcome of this task is unknown; it was not sent again' },
  message_expired: { status: 410, title: 'The message has expired' },
  body_too_large: { status: 413, title: 'The body is too large' },
  uri_too_long: { status: 414, title: 'The address is too long' },
  unsupported_media_type: { status: 415, title: 'The content type is not supported' },
  idempotency_key_reused: { status: 422, title: 'This Idempotency-Key was used with another body' },
  expiry_out_of_range: { status: 422, title: 'The expiry is in the past or too far ahead' },
  sealed_message_refused: { status: 422, title: 'The sealed message cannot be opened' },
  template_not_publishable: { status: 422, title: 'The template cannot be published as it is' },
  campaign_note_invalid: { status: 422, title: 'The campaign note cannot be used' },
  suite_unsupported: { status: 422, title: 'The sealing suite is not supported' },
  // Limits and failures of the service
  rate_limited: { status: 429, title: 'Too many requests' },
  user_daily_limit_reached: { status: 429, title: 'Your budget for this UTC day is used up' },
  daily_messages_reached: { status: 429, title: 'You have sent as many messages as one UTC day allows' },
  fair_share_reached: { status: 429, title: 'The service is nearly full, and you have used your share for now' },
  task_running: { status: 429, title: 'Another task of yours is running' },
  agent_share_reached: { status: 429, title: "You have reserved one person's share of this hour's budget" },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal_error: { status: 500, title: 'Something went wrong on the server' },
  transfer_coding_unsupported: { status: 501, title: 'The transfer coding is not supported' },
  enclave_answer_invalid: { status: 502, title: "The enclave's answer cannot be trusted" },
  system_hourly_limit_reached: { status: 503, title: 'The budget for this hour is used up' },
  system_daily_limit_reached: { status: 503, title: "The rest of today's budget is reserved" },
  emergency_stop: { status: 503, title: 'Spending is stopped until an operator clears it' },
  model_off: { status: 503, title: 'This model takes no tasks now' },
  provider_unavailable: { status: 503, title: 'The model provider gave no usable answer' },
  database_unavailable: { status: 503, title: 'The database cannot be reached' },
  overloaded: { status: 503, title: 'The service is overloaded' },
  identity_provider_unavailable: { status: 503, title: 'The keys that verify tokens cannot be fetched' },
  enclave_unavailable: { status: 503, title: 'The enclave cannot be reached' },
  keys_not_ready: { status: 503, title: 'The enclave does not have its keys yet' },
  enclave_busy: { status: 503, title: 'The enclave is busy' },
  residence_disagrees: { status: 503, title: 'Gateway and enclave are configured for different proofs of residence' },
  verifier_busy: { status: 503, title: 'Too many proofs are waiting to be verified' },
  shutting_down: { status: 503, title: 'The service is shutting down' },
  enclave_timeout: { status: 504, title: 'The enclave did not answer in time' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** One wrong field: its JSON pointer, the rule that it breaks, and a sentence. It never contains the value. */
export interface FieldProblem {
  pointer: string;
  code: string;
  message: string;
}

/** RFC 9457 section 3. `instance` is left out, because a header has the request id. */
export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  code: ProblemCode;
  detail?: string;
  errors?: FieldProblem[];
  retryAfterSeconds?: number;
  /**
   * Only `provider_unavailable` has these three: the reason, the enclave's usage statement, and its attestation document in base64.
   */
  reason?: ProviderFailure;
  statement?: string;
  attestationDocument?: string;
}

export function isProblemCode(value: unknown): value is ProblemCode {
  return typeof value === 'string' && Object.hasOwn(PROBLEMS, value);
}

/** Returns the document for `code`. `more` must not quote a message. */
export function problemDocument(
  code: ProblemCode,
  more: Omit<ProblemDocument, 'type' | 'title' | 'status' | 'code'> = {},
): ProblemDocument {
  const { status, title } = PROBLEMS[code];
  return { type: `urn:communique-tee:problem:${code}`, title, status, code, ...more };
}

/**
 * The error for input that breaks a schema or a limit. `message` names the place and the rule, never the value.
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';

  constructor(
    readonly code: ProblemCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
