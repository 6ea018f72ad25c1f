import { ConfigurationError } from './configuration-file';

/** EX_CONFIG and EX_SOFTWARE of sysexits.h. */
const EXIT_CONFIGURATION = 78;
const EXIT_SOFTWARE = 70;

/**
 * Runs `start`. If it fails, or if any later error is not caught, logs the error's code and ends the process. A half-working enclave must
 * not be attested.
 */
export function exitOnError(start: () => Promise<void>): void {
  process.on('uncaughtException', (error) => fail(error));
  process.on('unhandledRejection', (error) => fail(error));
  start().catch(fail);
}

export function stopOnSignals(enclave: { close(): Promise<void> }): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      enclave.close().then(() => process.exit(0), fail);
    });
  }
}

/**
 * Prints the error's name and code, and the problems of a configuration. It leaves out the messages of other errors, because they
 * could quote content.
 */
function fail(error: unknown): never {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  const line = {
    level: 'fatal',
    event: 'enclave_failed',
    name: error instanceof Error ? error.name : typeof error,
    ...(typeof code === 'string' && { code }),
  };
  process.stderr.write(`${JSON.stringify(line)}\n`);
  if (error instanceof ConfigurationError) process.stderr.write(`${error.message}\n`);
  process.exit(error instanceof ConfigurationError ? EXIT_CONFIGURATION : EXIT_SOFTWARE);
}
