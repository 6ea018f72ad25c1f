export type ResidenceErrorCode =
  /** A field element is not 32 bytes or 64 lower-case hex digits, or not below the modulus. */
  | 'ERR_RESIDENCE_FIELD'
  /** A district does not have the form `<congress>-<state>-<seat>`, such as `120-MT-01`. */
  | 'ERR_RESIDENCE_DISTRICT'
  /** The Congress of the district has ended. The registrar has to give the person a new registration. */
  | 'ERR_RESIDENCE_DISTRICT_ENDED'
  /** A registrar id or a campaign id is not 1 to 64 of `a` to `z`, `0` to `9` and `-`. */
  | 'ERR_RESIDENCE_ID'
  /** The value is not the JSON of a registration. */
  | 'ERR_RESIDENCE_REGISTRATION'
  /** A place in the tree is not a whole number from 0 to 2^20 - 1. */
  | 'ERR_RESIDENCE_INDEX'
  /** A path does not have 20 siblings. */
  | 'ERR_RESIDENCE_PATH'
  /** The secret is 0, the commitment is 0, or it is the commitment of the secret 0. Anyone could prove with these values. */
  | 'ERR_RESIDENCE_ZERO_SECRET'
  /** The path does not lead from this registration to the expected root. */
  | 'ERR_RESIDENCE_OTHER_ROOT';

/** Messages contain no argument, because most arguments are secret. */
export class ResidenceError extends Error {
  override readonly name = 'ResidenceError';

  constructor(
    readonly code: ResidenceErrorCode,
    message: string,
  ) {
    super(message);
  }
}
