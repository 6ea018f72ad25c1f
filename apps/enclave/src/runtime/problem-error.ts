import type { ProblemCode } from '@communique-tee/protocol';

/** Becomes a problem document with this code for the gateway. `detail` names what failed and never quotes content. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(
    readonly code: ProblemCode,
    readonly more: { detail?: string; retryAfterSeconds?: number } = {},
  ) {
    super(code);
  }
}
