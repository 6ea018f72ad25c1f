/** Rate limits that a test never reaches. All its requests come from one address, so the default limits would refuse some with 429. */
export const HIGH_RATE_LIMITS = {
  RATE_LIMIT_MAX_REQUESTS: '1000000',
  RATE_LIMIT_ATTESTATION_MAX_REQUESTS: '1000000',
  RATE_LIMIT_OTHER_MAX_REQUESTS: '1000000',
  RATE_LIMIT_PROOF_MAX_REQUESTS: '1000000',
} as const;
