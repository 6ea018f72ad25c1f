import type { ProblemCode } from '@communique-tee/protocol';

/** The enclave answers the gateway with this problem. `detail` names what failed and never quotes content. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(
    readonly code: ProblemCode,
    readonly more: { detail?: string; retryAfterSeconds?: number } = {},
  ) {
    super(code);
  }
}
