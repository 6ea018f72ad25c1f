/** One window of an address or a user, after a request was counted. */
export interface RateLimitState {
  readonly allowed: boolean;
  /** Class and scope, such as `api-address`. */
  readonly policy: string;
  readonly quota: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  /** Seconds until the window ends; at least 1. */
  readonly resetSeconds: number;
}

/**
 * `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers (the form since its revision 08): lists of strings with
 * parameters (RFC 9651). q: quota, w: window in seconds, r: requests that remain, t: seconds until the window ends. There is no partition
 * key (pk), because it would name the caller. The first policy is the address's, and the second, if there is one, the user's.
 */
export function rateLimitHeaders(states: readonly RateLimitState[]): Record<string, string> {
  return {
    'ratelimit-policy': states
      .map(({ policy, quota, windowSeconds }) => `"${policy}";q=${String(quota)};w=${String(windowSeconds)}`)
      .join(', '),
    ratelimit: states
      .map(({ policy, remaining, resetSeconds }) => `"${policy}";r=${String(remaining)};t=${String(resetSeconds)}`)
      .join(', '),
  };
}
