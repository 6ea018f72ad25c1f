export type NoteErrorCode =
  /** Not a signed note of the form in C2SP signed-note, or too long, or with a repeated signature line. */
  | 'ERR_NOTE_MALFORMED'
  /** A line of a configured key holds a signature that does not verify: the whole note is refused. */
  | 'ERR_NOTE_SIGNATURE'
  /** No line is of a configured key. */
  | 'ERR_NOTE_UNKNOWN_KEY'
  /** Not the text of a verifier key or of a signing key, or its key id is another key's. */
  | 'ERR_NOTE_KEY';

export class NoteError extends Error {
  override readonly name = 'NoteError';

  constructor(
    readonly code: NoteErrorCode,
    message: string,
  ) {
    super(message);
  }
}
