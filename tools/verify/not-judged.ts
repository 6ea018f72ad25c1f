export type NotJudgedCode =
  | 'ERR_VERIFY_USAGE'
  /** the file cannot be read */
  | 'ERR_VERIFY_FILE'
  /** what was read holds no document */
  | 'ERR_VERIFY_FORMAT'
  /** no answer, not in time, too long, or an answer that is an error */
  | 'ERR_VERIFY_NETWORK';

/** Exit status 2: nothing is known about the document. */
export class NotJudged extends Error {
  override readonly name = 'NotJudged';

  constructor(
    readonly code: NotJudgedCode,
    message: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}
