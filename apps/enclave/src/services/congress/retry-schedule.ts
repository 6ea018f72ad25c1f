/** When a pending delivery is tried again: after waits that double from the first to the longest, until the message expires. */
export interface RetrySchedule {
  readonly firstSeconds: number;
  readonly longestSeconds: number;
}

/**
 * Returns the wait after this many attempts (1 or more), in milliseconds. The wait depends only on their number and never on an office or
 * its answer, because the parent sees the wait and could learn from it which office asked for one.
 */
export function waitAfterMs(attempts: number, { firstSeconds, longestSeconds }: RetrySchedule): number {
  return 1000 * Math.min(longestSeconds, firstSeconds * 2 ** Math.min(attempts - 1, 30));
}
