export type ResidenceErrorCode =
  /** Not 32 bytes, not 64 lower-case hex digits, or not below the field's modulus. */
  | 'ERR_RESIDENCE_FIELD'
  /** Not `<congress>-<state>-<seat>`, such as `120-MT-01`. */
  | 'ERR_RESIDENCE_DISTRICT'
  /** A district of a Congress that has ended: the registrar has a new one for the person. */
  | 'ERR_RESIDENCE_DISTRICT_ENDED'
  /** A registrar id or a campaign id that is not 1 to 64 of `a` to `z`, `0` to `9` and `-`. */
  | 'ERR_RESIDENCE_ID'
  /** Not the JSON of a registration. */
  | 'ERR_RESIDENCE_REGISTRATION'
  /** A place in the tree that is not a whole number from 0 to 2^20 - 1. */
  | 'ERR_RESIDENCE_INDEX'
  /** A path that is not 20 siblings long. */
  | 'ERR_RESIDENCE_PATH'
  /** The secret 0, or its commitment: anyone could prove with it. */
  | 'ERR_RESIDENCE_ZERO_SECRET'
  /** The path does not lead from this registration to the expected root: the static files are of another publication. */
  | 'ERR_RESIDENCE_OTHER_ROOT';

/** Its messages contain no value that was passed in, because most of these values are secret. */
export class ResidenceError extends Error {
  override readonly name = 'ResidenceError';

  constructor(
    readonly code: ResidenceErrorCode,
    message: string,
  ) {
    super(message);
  }
}
