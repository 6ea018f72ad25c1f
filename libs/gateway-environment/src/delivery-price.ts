import { LIMITS } from '@communique-tee/protocol';
import { formatDollars } from './money';

/** The first day of the rule "one price for each sent copy". Another rule needs another date. */
const RULE_DATE = '2026-11-30';

/**
 * Returns the date of the rule and the price, such as `2026-11-30:0.01`. With it the ledger can still be understood after the price changed.
 * @param perOfficeMicroUsd DELIVERY_PRICE_PER_OFFICE, below 10^15
 * @returns at most 27 characters
 */
export function deliveryPriceVersion(perOfficeMicroUsd: bigint): string {
  return `${RULE_DATE}:${formatDollars(perOfficeMicroUsd)}`;
}

/** Returns the most that one message can cost. The number of its offices is sealed, so this assumes the most that the enclave accepts. */
export function highestCostOfMessage(perOfficeMicroUsd: bigint): bigint {
  return BigInt(LIMITS.maxOffices) * perOfficeMicroUsd;
}

/**
 * Returns the cost of a message at the price of its reservation. The operator may have changed the price since then.
 * @param copies the number of sent copies, by the receipt
 * @param reservedMicroUsd the highest cost of the message when it was accepted
 */
export function costOfCopies(copies: number, reservedMicroUsd: bigint): bigint {
  const most = BigInt(LIMITS.maxOffices);
  return (BigInt(copies) * reservedMicroUsd + most - 1n) / most;
}
