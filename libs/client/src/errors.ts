import type { FieldProblem, ProblemCode } from '@communique-tee/protocol';

export type ClientErrorCode =
  /** Congress would not take the message as it is; `problems` says what to mend. */
  | 'ERR_CLIENT_MESSAGE_INVALID'
  /** The gateway answered with a problem document; `problem` is its code. */
  | 'ERR_CLIENT_REFUSED'
  /** The gateway answered with something else than it promises. */
  | 'ERR_CLIENT_ANSWER'
  /** The document is genuine, but what it says of the keys does not fit together. */
  | 'ERR_CLIENT_KEY_BINDING'
  /** The enclave's keys are guarded in a way that the caller does not accept. */
  | 'ERR_CLIENT_CUSTODY'
  /** No end within the time allowed; the message goes on. */
  | 'ERR_CLIENT_TIMEOUT';

export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly problems: readonly FieldProblem[];
  readonly problem: ProblemCode | undefined;

  constructor(
    readonly code: ClientErrorCode,
    message: string,
    more: ErrorOptions & { problems?: readonly FieldProblem[]; problem?: ProblemCode } = {},
  ) {
    super(message, more);
    this.problems = more.problems ?? [];
    this.problem = more.problem;
  }
}
