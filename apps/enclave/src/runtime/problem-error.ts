import type { ProblemCode } from '@communique-tee/protocol';

/** An answer to the gateway by code. It names the step that failed and never the content. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(
    readonly code: ProblemCode,
    readonly more: { detail?: string; retryAfterSeconds?: number } = {},
  ) {
    super(code);
  }
}
