import type { FieldProblem } from '@communique-tee/protocol';

/** Every way in which a call of this library can fail. Codes are stable; README.md has the same as a table. */
export const CLIENT_ERROR_CODES = [
  /** The policy or the gateway's address cannot be used; nothing was asked. */
  'policy_invalid',
  /** Congress would not take the message as it is; `problems` has every field to correct. Nothing was sent. */
  'message_invalid',
  /** The attestation document does not verify under the policy; `reason` is its code. Nothing was sent. */
  'attestation_refused',
  /** The document is genuine, but its key binding cannot be used; `reason` is the code. */
  'key_binding_invalid',
  /** The policy does not accept how the enclave's keys are guarded; `reason` is the custody. */
  'custody_refused',
  /** The public configuration that the gateway serves is not the one that the document attests, or contradicts it. */
  'configuration_refused',
  /**
   * The enclave attests another proof of residence than this message has, or none where one is required; `reason` says which:
   * `residence_required`, `residence_not_open`, `other_registrar`, `circuit_retired` (load the page or program again) or
   * `configuration_missing`; by a policy's `acceptedResidence` also `other_mode`. Nothing was sent.
   */
  'residence_refused',
  /** No proof of residence can be made now; `reason` is the code (docs/residence.md). Nothing was sent. */
  'residence_unavailable',
  /** A task cannot be sent as it is; `problems` has every field to correct. Nothing was sent. */
  'task_invalid',
  /**
   * The enclave attests no model for this task; `reason` says why: `agents_off`, `model_class_unknown`, `task_not_offered`,
   * `output_too_large` or `configuration_missing`. Nothing was sent.
   */
  'model_refused',
  /** An office might get the message twice, and the caller did not accept that. Nothing was sent. */
  'duplicate_not_accepted',
  /** What `resume` was given is not what `send` handed out for this gateway; `reason` says why. */
  'kept_invalid',
  /** The caller's `token` function failed, or returned no token. */
  'token_unavailable',
  /** The gateway refused; `problem` is its code, `status` the HTTP status. */
  'refused',
  /** The gateway gave no answer to any attempt. */
  'unreachable',
  /** The gateway's answer is not what it promises. */
  'answer_invalid',
  /** The receipt or the answer does not verify, or contradicts the status; `reason` names the check. */
  'receipt_refused',
  /** The message did not end within the time allowed; it goes on. */
  'timeout',
  /** The caller's signal. A message that the gateway has goes on. */
  'aborted',
] as const;
export type ClientErrorCode = (typeof CLIENT_ERROR_CODES)[number];

/**
 * `not_sent`: no request posted the message, or the gateway refused each one that did. `not_known`: a request ended without a clear
 * answer. `accepted`: the gateway answered 202 and has the message.
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
  /** For `message_invalid`: each field that is wrong. */
  readonly problems: readonly FieldProblem[];
  /** For `refused`: the gateway's own code (docs/errors.md), if it gave one. A newer gateway may have codes that are not in the table. */
  readonly problem: string | undefined;
  /** For `refused`: the HTTP status. */
  readonly status: number | undefined;
  /** Set where waiting helps. */
  readonly retryAfterSeconds: number | undefined;
  /** The code of the check that failed, such as `ERR_ATTESTATION_MEASUREMENT`. */
  readonly reason: string | undefined;
  /** A UUID; set exactly where `sent` is not `not_sent`, except for `kept_invalid`. */
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
