import type { ProblemCode } from './problems';

/**
 * Input that breaks a schema, a size or a depth limit. `code` is a row of the problem table; `message` names the place and
 * the rule, never the value.
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';

  constructor(
    readonly code: ProblemCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
