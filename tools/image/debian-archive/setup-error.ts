/** Why a tool or an input cannot be had here, in words for the person who asked for it. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
  constructor(
    readonly code:
      | 'no_mirror'
      | 'download_failed'
      | 'version_gone'
      | 'wrong_hash'
      | 'no_chroot'
      | 'build_failed'
      | 'lock_invalid'
      | 'busy',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
