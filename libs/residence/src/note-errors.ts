export type ResidenceNoteErrorCode =
  /** Not signed by a configured key of the registrar, or not the expected text; too long, or of another registrar. */
  | 'ERR_RESIDENCE_NOTE'
  /** Valid for longer than a root (14 days) or a campaign (the configured maximum) may be, or it ends before it begins. */
  | 'ERR_RESIDENCE_NOTE_WINDOW'
  /** Its time has not begun. */
  | 'ERR_RESIDENCE_NOTE_NOT_YET'
  /** Its time is over. */
  | 'ERR_RESIDENCE_NOTE_ENDED'
  /** Not one or two verifier keys under the registrar's name. */
  | 'ERR_RESIDENCE_KEYS';

/** A root note or campaign note that is refused, or keys that cannot be used. */
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
