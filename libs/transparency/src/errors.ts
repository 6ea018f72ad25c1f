export type NoteErrorCode =
  /** The text is not a signed note (C2SP signed-note), is too long, or repeats a signature line. */
  | 'ERR_NOTE_MALFORMED'
  /** The signature of a configured key does not verify. The whole note is refused. */
  | 'ERR_NOTE_SIGNATURE'
  /** The note has no signature line of a configured key. */
  | 'ERR_NOTE_UNKNOWN_KEY'
  /** The text is not a verifier key or a signing key, or its key id is another key's. */
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
