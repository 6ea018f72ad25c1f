/** `attestation`: each request may make the NSM work. `api`: the rest. */
export type RateLimitClass = 'api' | 'attestation';

/** Metadata key of @RateLimit. */
export const RATE_LIMIT_CLASS = 'communique:rate-limit-class';
