/**
 * Limits above what a run makes, for a gateway whose requests all come from this machine's address. With the defaults, the 31st tab of a
 * minute gets 429 for the page's own files.
 */
export const HIGH_RATE_LIMITS = {
  RATE_LIMIT_MAX_REQUESTS: '1000000',
  RATE_LIMIT_ATTESTATION_MAX_REQUESTS: '1000000',
  RATE_LIMIT_OTHER_MAX_REQUESTS: '1000000',
  RATE_LIMIT_PROOF_MAX_REQUESTS: '1000000',
} as const;
