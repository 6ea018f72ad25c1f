import { pino } from 'pino';

/** The most bytes that are kept while the destination accepts none. Further lines are lost. */
const MAX_KEPT_BYTES = 1024 * 1024;

/**
 * Opens the destination of log lines. Lines are written at once, so that the last lines before a crash are not lost. When the disk is full,
 * lines are lost, but no request fails: a stored message must not be refused because its log line could not be written.
 * @param dest a file descriptor or a path
 */
export function openLogDestination(dest: number | string) {
  const destination = pino.destination({ dest, sync: true, maxLength: MAX_KEPT_BYTES });
  // The log itself failed, so this error cannot be logged.
  destination.on('error', () => undefined);
  return destination;
}
