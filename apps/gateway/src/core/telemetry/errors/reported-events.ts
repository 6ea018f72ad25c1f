import { ProblemError } from '../../problems/problem-error';

/**
 * The lines of the log that are reported, by their texts: ours, all of them, and the only text that a report may hold. A spec holds
 * this list against the sources, so that a line that is new or worded anew is decided about.
 */
const REPORTED: ReadonlySet<string> = new Set([
  'uncaught exception',
  'request failed',
  'framework error',
  'the queue cannot be read',
  'an attempt could not be written down: its lease runs out',
  'the receipt of an answer cannot be trusted',
  'attestation could not be judged',
  'attestation refused: nothing is relayed to it',
  'keys could not be exchanged',
  'old rows could not be deleted',
  'metrics could not be read',
  'a sample of the history could not be taken',
]);

/** The process ends after this event, so pending reports are sent at once. */
export const CRASH = 'uncaught exception';

export function isReportedEvent(event: string): boolean {
  return REPORTED.has(event);
}

/** A dependency that is away, a limit that is reached: designed, answered with its own code, and seen in metrics and health. */
export function isExpected(fields: { readonly status?: unknown; readonly err?: unknown }): boolean {
  if (fields.err instanceof ProblemError && fields.err.code !== 'internal_error') return true;
  return typeof fields.status === 'number' && fields.status !== 500;
}
