import type { ProblemCode } from '@communique-tee/protocol';

/** An answer to the gateway by code. It says which step failed and never with what content. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(
    readonly code: ProblemCode,
    readonly more: { detail?: string; retryAfterSeconds?: number } = {},
  ) {
    super(code);
  }
}
