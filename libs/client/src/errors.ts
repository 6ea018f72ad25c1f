import type { FieldProblem } from '@communique-tee/protocol';

/** Every way in which a sender's step can fail. Codes are stable; README.md has the same as a table. */
export const CLIENT_ERROR_CODES = [
  /** The policy itself is not usable; nothing was asked. */
  'policy_invalid',
  /** Congress would not take the message as it is; `problems` says what to mend. Nothing was sent. */
  'message_invalid',
  /** The attestation document does not verify under the policy; `reason` is its code. Nothing was sent. */
  'attestation_refused',
  /** The document is genuine, but what it says of the keys does not fit together. */
  'key_binding_invalid',
  /** The enclave's keys are guarded in a way that the policy does not accept. */
  'custody_refused',
  /** The public configuration that the gateway serves is not the one that the document attests, or contradicts it. */
  'configuration_refused',
  /** An office might get the message twice, and the caller did not accept that. Nothing was sent. */
  'duplicate_not_accepted',
  /** The caller's `token` function failed, or gave no token. */
  'token_unavailable',
  /** The gateway answered with a problem document; `problem` is its code. */
  'refused',
  /** No answer, however often it was asked. */
  'unreachable',
  /** The gateway answered with something else than it promises. */
  'answer_invalid',
  /** The receipt or the answer does not verify, or says something else than the status; `reason` says which check. */
  'receipt_refused',
  /** No end within the time allowed; the message goes on. */
  'timeout',
  /** The caller's signal. A message that was posted goes on. */
  'aborted',
] as const;
export type ClientErrorCode = (typeof CLIENT_ERROR_CODES)[number];

export interface ClientErrorDetails {
  readonly cause?: unknown;
  readonly problems?: readonly FieldProblem[];
  readonly problem?: string;
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  readonly reason?: string;
  readonly messageId?: string;
}

export class ClientError extends Error {
  override readonly name = 'ClientError';
  /** Field by field, for `message_invalid`. */
  readonly problems: readonly FieldProblem[];
  /** The gateway's own code (docs/errors.md), for `refused`, where it gave one; of a newer gateway perhaps one not known here. */
  readonly problem: string | undefined;
  /** HTTP status, for `refused`. */
  readonly status: number | undefined;
  /** Where waiting helps. */
  readonly retryAfterSeconds: number | undefined;
  /** The code of the check that failed, such as `ERR_ATTESTATION_MEASUREMENT`. */
  readonly reason: string | undefined;
  /** A UUID, where the message may be on its way in spite of this. */
  readonly messageId: string | undefined;

  constructor(
    readonly code: ClientErrorCode,
    message: string,
    details: ClientErrorDetails = {},
  ) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.problems = details.problems ?? [];
    this.problem = details.problem;
    this.status = details.status;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.reason = details.reason;
    this.messageId = details.messageId;
  }
}
