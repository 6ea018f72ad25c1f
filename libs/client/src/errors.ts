import type { FieldProblem } from '@communique-tee/protocol';

/** Every way in which a call of this library can fail. Codes are stable; README.md has a table of them. */
export const CLIENT_ERROR_CODES = [
  /** The policy or the gateway's address cannot be used. No request was made. */
  'policy_invalid',
  /** Congress would not accept this message, or it does not fit its proof. `problems` has every field to correct. It was not sent. */
  'message_invalid',
  /** The attestation document does not verify under the policy. `reason` is the code of the failed check. */
  'attestation_refused',
  /** The document is genuine, but its key binding cannot be used. `reason` is the code. */
  'key_binding_invalid',
  /** The policy does not accept how the enclave keeps its keys. `reason` is the custody. */
  'custody_refused',
  /** The public configuration that the gateway serves is not the attested one, cannot be read, or contradicts the key binding. */
  'configuration_refused',
  /**
   * The enclave attests that it does not accept this proof of residence, or that it requires one. `reason` is one of
   * `residence_required`, `residence_not_open`, `other_registrar`, `circuit_retired` (load the page or program again)
   * or `configuration_missing`. With a policy's `acceptedResidence` it can also be `other_mode`.
   */
  'residence_refused',
  /** No proof of residence can be made now. `reason` is the code (docs/errors.md). */
  'residence_unavailable',
  /** The task is not valid. `problems` has every field to correct. The task was not sent. */
  'task_invalid',
  /**
   * The enclave attests no model for this task. `reason` is one of `agents_off`, `model_class_unknown`,
   * `task_not_offered`, `output_too_large` or `configuration_missing`. The task was not sent.
   */
  'model_refused',
  /** An office might get the message twice, and the caller did not accept that. The message was not sent. */
  'duplicate_not_accepted',
  /** The value given to `resume` was not made by `send` for this gateway. `reason` gives the cause. */
  'kept_invalid',
  /** The caller's `token` function failed, returned no token, or is absent. */
  'token_unavailable',
  /** The gateway refused. `problem` is its code, `status` the HTTP status. */
  'refused',
  /** The gateway gave no answer to the last attempt. */
  'unreachable',
  /** The gateway's answer does not have the documented form. */
  'answer_invalid',
  /** The receipt or the answer does not verify, or contradicts the status. `reason` is the check that failed. */
  'receipt_refused',
  /** The message did not end within the time allowed. The gateway continues to deliver it. */
  'timeout',
  /** The caller aborted. If the gateway has the message, it continues to deliver it. */
  'aborted',
] as const;
export type ClientErrorCode = (typeof CLIENT_ERROR_CODES)[number];

/**
 * `not_sent`: no request posted the message, or the gateway clearly refused each request. `not_known`: a request had no clear answer.
 * `accepted`: the gateway has the message, because it answered 202 or reported the message's status.
 */
export type WhetherSent = 'not_sent' | 'not_known' | 'accepted';

export interface ClientErrorDetails {
  readonly cause?: unknown;
  readonly problems?: readonly FieldProblem[];
  readonly problem?: string;
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  readonly reason?: string;
  readonly messageId?: string;
  readonly sent?: WhetherSent;
}

export class ClientError extends Error {
  override readonly name = 'ClientError';
  /** For `message_invalid` and `task_invalid`: each field that is wrong. */
  readonly problems: readonly FieldProblem[];
  /** For `refused`: the gateway's own code (docs/errors.md), if it gave one. A newer gateway may have codes that are not in the table. */
  readonly problem: string | undefined;
  /** For `refused`: the HTTP status. */
  readonly status: number | undefined;
  /** Set if the gateway sent Retry-After. */
  readonly retryAfterSeconds: number | undefined;
  /** More about `code`, such as `ERR_ATTESTATION_MEASUREMENT`: see CLIENT_ERROR_CODES. */
  readonly reason: string | undefined;
  /** A UUID. Set if `sent` is `not_known` or `accepted`, except for `kept_invalid`. */
  readonly messageId: string | undefined;
  /** Whether the message was sent in spite of this error. */
  readonly sent: WhetherSent;

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
    this.sent = details.sent ?? 'not_sent';
  }
}
