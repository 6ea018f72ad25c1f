/**
 * Returns the wait before the next attempt in milliseconds: full jitter (uniform from zero) under a ceiling that doubles with each attempt.
 * If the enclave sent Retry-After, the wait is that time plus a jitter below `minBackoffMs`.
 */
export function backoffMs(
  attempt: number,
  { minBackoffMs, maxBackoffMs }: { minBackoffMs: number; maxBackoffMs: number },
  retryAfterSeconds: number | null,
  random: () => number = Math.random,
): number {
  const ceilingMs = Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(Math.max(attempt - 1, 0), 40));
  if (retryAfterSeconds === null) return Math.floor(random() * ceilingMs);
  return retryAfterSeconds * 1000 + Math.floor(random() * Math.min(ceilingMs, minBackoffMs));
}
