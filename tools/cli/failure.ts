/** The exit codes of a command. Stable, because scripts depend on them; the help texts and README.md list the same codes. */
export const EXIT = { done: 0, refused: 1, notUnderstood: 2, notReached: 3, onItsWay: 4, interrupted: 130 } as const;
export type Exit = (typeof EXIT)[keyof typeof EXIT];

/** The codes of this command's own errors. exit-of.ts has the codes of the libraries' errors. */
const EXIT_OF = {
  /** the arguments are wrong */
  usage: EXIT.notUnderstood,
  /** a file has the wrong form, or is too large */
  not_understood: EXIT.notUnderstood,
  /** a file cannot be opened or written */
  file_unreadable: EXIT.notReached,
  file_unwritable: EXIT.notReached,
  /** the server did not answer in time, or its answer was an error or too long */
  unreachable: EXIT.notReached,
  /** no data of this message is stored here */
  message_unknown: EXIT.notUnderstood,
  /** kept data that is damaged, or that another version wrote */
  state_broken: EXIT.notUnderstood,
  /** the enclave has not lost the message's key, so the message is not sealed again */
  not_retired: EXIT.refused,
  /** an office might get the message twice, and the sender has not accepted that */
  duplicate_not_accepted: EXIT.refused,
  interrupted: EXIT.interrupted,
  token_missing: EXIT.notUnderstood,
  /** no secret is stored here, or no answer of the registrar */
  not_registered: EXIT.notUnderstood,
  /** another secret is stored, which the command never replaces */
  already_registered: EXIT.refused,
  /** the enclave attests no model for the task */
  no_model: EXIT.refused,
  /** this edition of the command cannot prove, or the reference string was not found */
  proving_unavailable: EXIT.notReached,
  /** tokens are made only for development */
  not_development: EXIT.refused,
} as const satisfies Record<string, Exit>;
export type FailureCode = keyof typeof EXIT_OF;

export class Failure extends Error {
  override readonly name = 'Failure';

  constructor(
    readonly code: FailureCode,
    message: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }

  get exit(): Exit {
    return EXIT_OF[this.code];
  }
}

export function usage(message: string): Failure {
  return new Failure('usage', message);
}

/**
 * Returns the message of a thrown value, or the message of its cause if it has one, because fetch puts the reason there. Does not use
 * `instanceof`, because the value may come from another realm.
 */
export function messageOf(error: unknown): string {
  const cause = memberOf(error, 'cause');
  const of = typeof cause === 'object' && cause !== null ? cause : error;
  const message = memberOf(of, 'message') || memberOf(of, 'code');
  return typeof message === 'string' && message !== '' ? message : String(error);
}

function memberOf(error: unknown, name: 'cause' | 'message' | 'code'): unknown {
  return typeof error === 'object' && error !== null && name in error
    ? (error as Record<string, unknown>)[name]
    : undefined;
}
