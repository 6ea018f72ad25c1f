/**
 * Classes of requests, each with its own count. `attestation`: each request may make the NSM work. `api`: all other API routes. `health`:
 * probes, so that other traffic cannot make a load balancer drop the instance. `proof`: a message without a token, counted again just
 * before its proof is verified. `other`: everything else, including addresses that do not exist.
 */
export const RATE_LIMIT_CLASSES = ['api', 'attestation', 'health', 'proof', 'other'] as const;
export type RateLimitClass = (typeof RATE_LIMIT_CLASSES)[number];

/** Whether a count belongs to a client address or to a user. */
export type RateLimitScope = 'address' | 'user';
