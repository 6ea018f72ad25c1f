export type IdentityErrorCode =
  /** The simulator does not start in production. */
  | 'production'
  /** The file has no signing key, or other users of this machine can read it. */
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
