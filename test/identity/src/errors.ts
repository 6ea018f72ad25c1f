export type IdentityErrorCode =
  /** The simulator does not start in production. */
  | 'production'
  /** The file of the signing key is not such a key, or other users of this machine can read it. */
  | 'key_not_usable';

export class IdentityError extends Error {
  override readonly name = 'IdentityError';

  constructor(
    readonly code: IdentityErrorCode,
    message: string,
  ) {
    super(message);
  }
}
