export type BuildErrorCode =
  /** The lockfiles do not pin an input. */
  | 'input_not_locked'
  /** It cannot be downloaded, or the version that is pinned is gone. */
  | 'input_not_found'
  /** What came is not what is pinned. */
  | 'input_changed'
  /** image.lock.json does not tell whether its publisher signed it. */
  | 'prebuilt_not_compared'
  /** The stack's configuration of the enclave. */
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
