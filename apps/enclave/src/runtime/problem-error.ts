import type { ProblemCode } from '@communique-tee/protocol';

/** The gateway gets this error as a problem document with this code. `detail` names what failed and never quotes content. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(
    readonly code: ProblemCode,
    readonly more: { detail?: string; retryAfterSeconds?: number } = {},
  ) {
    super(code);
  }
}
