export type ResidenceListErrorCode =
  /** The address of the list is not https (or http on this machine), or has a user name, a password, a query or a fragment. */
  | 'ERR_RESIDENCE_LIST_ADDRESS'
  /** The host gave no answer, an unexpected status, or more bytes than the file may have. */
  | 'ERR_RESIDENCE_LIST_UNREACHABLE'
  /**
   * In each attempt the files came from two publications, because the registrar was updating the list. The registration was not checked.
   */
  | 'ERR_RESIDENCE_LIST_UPDATING'
  /** The signed list does not have this registration at its place. It is not published yet, or was removed. */
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
