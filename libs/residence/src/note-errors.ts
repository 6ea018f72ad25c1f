export type ResidenceNoteErrorCode =
  /** The note is not signed by a configured key of the registrar, has an unexpected text, is too long, or is of another registrar. */
  | 'ERR_RESIDENCE_NOTE'
  /** The note is valid for longer than a root (14 days) or a campaign (the configured maximum) may be, or ends before it begins. */
  | 'ERR_RESIDENCE_NOTE_WINDOW'
  /** The time of the note has not begun. */
  | 'ERR_RESIDENCE_NOTE_NOT_YET'
  /** The time of the note is over. */
  | 'ERR_RESIDENCE_NOTE_ENDED'
  /** The configured keys are not one or two verifier keys under the registrar's name. */
  | 'ERR_RESIDENCE_KEYS';

/** A root note or campaign note is refused, or the configured keys are not usable. */
export class ResidenceNoteError extends Error {
  override readonly name = 'ResidenceNoteError';

  constructor(
    readonly code: ResidenceNoteErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
