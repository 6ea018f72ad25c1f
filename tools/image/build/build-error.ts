export type BuildErrorCode =
  /** The lockfiles do not pin an input. */
  | 'input_not_locked'
  /** An input cannot be downloaded, or the pinned version is gone. */
  | 'input_not_found'
  /** A downloaded input is not the pinned one. */
  | 'input_changed'
  /** image.lock.json has no record of a prebuilt input. */
  | 'prebuilt_not_compared'
  /** The enclave would refuse the stack's configuration. */
  | 'configuration_invalid'
  | 'bundle_failed'
  | 'out_not_writable';

export class BuildError extends Error {
  override readonly name = 'BuildError';
  constructor(
    readonly code: BuildErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
