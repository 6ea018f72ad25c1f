/**
 * Rate limits that a run never reaches, for a gateway whose requests all come from one address. With the defaults, the 31st browser tab in
 * a minute would get 429 for the page's files.
 */
export const HIGH_RATE_LIMITS = {
  RATE_LIMIT_MAX_REQUESTS: '1000000',
  RATE_LIMIT_ATTESTATION_MAX_REQUESTS: '1000000',
  RATE_LIMIT_OTHER_MAX_REQUESTS: '1000000',
  RATE_LIMIT_PROOF_MAX_REQUESTS: '1000000',
} as const;
