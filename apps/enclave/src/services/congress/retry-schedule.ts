/** When a pending delivery is tried again: waits that double from the first to the longest, for as long as its message lives. */
export interface RetrySchedule {
  readonly firstSeconds: number;
  readonly longestSeconds: number;
}

/**
 * The wait after so many attempts (1 or more), in milliseconds. It depends only on their number and never on the office or its answer:
 * the parent is told the wait, and could learn from it which office asked for one.
 */
export function waitAfterMs(attempts: number, { firstSeconds, longestSeconds }: RetrySchedule): number {
  return 1000 * Math.min(longestSeconds, firstSeconds * 2 ** Math.min(attempts - 1, 30));
}
