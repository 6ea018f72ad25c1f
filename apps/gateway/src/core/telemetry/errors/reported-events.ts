import { ProblemError } from '../../problems/problem-error';

/**
 * The texts of the log lines that are reported; a report contains no other text. A spec fails if a line at level error is neither here nor in
 * the spec's own list.
 */
const REPORTED: ReadonlySet<string> = new Set([
  'uncaught exception',
  'request failed',
  'framework error',
  'the queue cannot be read',
  'an attempt could not be written down: its lease runs out',
  'the receipt of an answer cannot be trusted',
  'the usage statement of a task cannot be trusted: its reservation stays',
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

/**
 * Whether the error is expected, for example because a dependency is unreachable or a limit is reached. Such an error has a problem code
 * other than `internal_error`, or a status other than 500. Metrics and health show it.
 */
export function isExpected(fields: { readonly status?: unknown; readonly err?: unknown }): boolean {
  if (fields.err instanceof ProblemError && fields.err.code !== 'internal_error') return true;
  return typeof fields.status === 'number' && fields.status !== 500;
}
