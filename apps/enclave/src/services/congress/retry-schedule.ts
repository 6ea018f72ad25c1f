/** The waits between attempts at a pending delivery. They double from the first to the longest. */
export interface RetrySchedule {
  readonly firstSeconds: number;
  readonly longestSeconds: number;
}

/**
 * Returns the wait after this many attempts, in milliseconds. It does not depend on an office's answer. Otherwise the parent, which sees
 * the wait, could learn which office asked to wait.
 * @param attempts 1 or more
 */
export function waitAfterMs(attempts: number, { firstSeconds, longestSeconds }: RetrySchedule): number {
  return 1000 * Math.min(longestSeconds, firstSeconds * 2 ** Math.min(attempts - 1, 30));
}
