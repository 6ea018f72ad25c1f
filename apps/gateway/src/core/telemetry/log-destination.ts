import { pino } from 'pino';

/** What is kept for a destination that takes nothing; what comes after it is lost. */
const MAX_KEPT_BYTES = 1024 * 1024;

/**
 * Where lines go: written at once, so that a line is not lost with the process it explains. A full disk costs lines and nothing else:
 * a request whose message is committed must not fail because nobody could write that down.
 * @param dest a file descriptor or a path
 */
export function openLogDestination(dest: number | string) {
  const destination = pino.destination({ dest, sync: true, maxLength: MAX_KEPT_BYTES });
  // There is nowhere to say it.
  destination.on('error', () => undefined);
  return destination;
}
