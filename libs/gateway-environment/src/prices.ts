import { LIMITS } from '@communique-tee/protocol';

/**
 * What a thing costs, in micro-dollars. A change of any number is a new version: the ledger names the one that a reservation was
 * made under, so that it can be read years later.
 */
export const prices = {
  version: '2026-11-22',
  /** One office's copy that went out: accepted, duplicate or unknown. Covers the parent, the enclave and its egress with room to spare. */
  deliveryPerOfficeMicroUsd: 10_000n,
  /** A document asked for with a nonce. Not charged to anybody today: the rate limit alone guards it. */
  attestationMicroUsd: 0n,
} as const;

/** The most that one message can come to: which offices, and how many, is sealed, so the most that the enclave takes. */
export const highestCostOfMessageMicroUsd = BigInt(LIMITS.maxOffices) * prices.deliveryPerOfficeMicroUsd;

/** @param offices how many copies went out, by the receipt */
export function costOfDelivery(offices: number): bigint {
  return BigInt(offices) * prices.deliveryPerOfficeMicroUsd;
}
