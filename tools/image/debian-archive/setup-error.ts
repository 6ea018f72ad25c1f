import { say } from './say';

/** A tool or an input is not available here. The message is for the person who started the command. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
  constructor(
    readonly code:
      | 'no_mirror'
      | 'download_failed'
      | 'version_gone'
      | 'wrong_hash'
      | 'publisher_differs'
      | 'no_gpgv'
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

/** Runs a command's work, and prints the message of a SetupError. @returns the exit code */
export async function reportSetupError(work: () => Promise<void> | void): Promise<number> {
  try {
    await work();
    return 0;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    return 1;
  }
}
