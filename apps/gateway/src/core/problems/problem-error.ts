import { PROBLEMS, type FieldProblem, type ProblemCode, type ProblemDocument } from '@communique-tee/protocol';

/** Statuses whose answers always carry Retry-After. */
export const MAY_BE_HAD_LATER: ReadonlySet<number> = new Set([429, 503]);
/** Default Retry-After when the thrower sets none. */
export const DEFAULT_RETRY_AFTER_SECONDS = 10;

export interface ProblemDetails {
  /** A sentence for people, without any part of the input. */
  readonly detail?: string;
  readonly errors?: readonly FieldProblem[];
  /** Whole seconds; also sent as Retry-After. */
  readonly retryAfterSeconds?: number;
  /** Only for `provider_unavailable`: the reason, and the signed statement of the charge. */
  readonly failure?: Required<Pick<ProblemDocument, 'reason' | 'statement' | 'attestationDocument'>>;
  readonly cause?: unknown;
}

/** Thrown anywhere in the gateway. ProblemFilter answers the request with the problem `code`. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly detail: string | undefined;
  readonly errors: readonly FieldProblem[] | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly failure: ProblemDetails['failure'];

  constructor(
    readonly code: ProblemCode,
    details: ProblemDetails = {},
  ) {
    super(PROBLEMS[code].title, details.cause === undefined ? undefined : { cause: details.cause });
    this.detail = details.detail;
    this.errors = details.errors;
    this.failure = details.failure;
    this.retryAfterSeconds =
      details.retryAfterSeconds ??
      (MAY_BE_HAD_LATER.has(PROBLEMS[code].status) ? DEFAULT_RETRY_AFTER_SECONDS : undefined);
  }
}
