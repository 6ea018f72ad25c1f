export type ResidenceListErrorCode =
  /** The address of the list is not https (or http on this machine), or has a user name or password. */
  | 'ERR_RESIDENCE_LIST_ADDRESS'
  /** No answer, another status than expected, or more bytes than the file may have. */
  | 'ERR_RESIDENCE_LIST_UNREACHABLE'
  /**
   * After every attempt the files still come from two publications: the list is being updated. The registration was
   * not checked.
   */
  | 'ERR_RESIDENCE_LIST_UPDATING'
  /** The signed list is whole, and this registration is not at its place: not published yet, or taken out. */
  | 'ERR_RESIDENCE_NOT_LISTED';

/** The registrar's list cannot be read, or does not have the registration. */
export class ResidenceListError extends Error {
  override readonly name = 'ResidenceListError';

  constructor(
    readonly code: ResidenceListErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
