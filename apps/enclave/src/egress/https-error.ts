/**
 * Why there is no answer. Nothing was sent: `aborted` (or later, see `sent`), `not_allowed`, `name_not_resolved`, `unreachable`,
 * `connect_timeout`, `certificate_refused`, `tls_failed`. Sent, and not known: `answer_timeout`, `connection_lost`, `malformed_answer`.
 */
export type HttpsFailure =
  | 'aborted'
  | 'not_allowed'
  | 'name_not_resolved'
  | 'unreachable'
  | 'connect_timeout'
  | 'certificate_refused'
  | 'tls_failed'
  | 'answer_timeout'
  | 'connection_lost'
  | 'malformed_answer';

/** There is no answer. `sent` says whether any byte of the request may have left: then the far end may have acted on it. */
export class HttpsError extends Error {
  override readonly name = 'HttpsError';
  constructor(
    readonly reason: HttpsFailure,
    readonly sent: boolean,
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}
