import type { Usage } from '@communique-tee/protocol';
import type { PricedModel } from './price-table';

const PER_TOKENS = 1_000_000n;

/**
 * An upper bound of the tokens that our own prompt and the JSON around the text take in a request, at one token per byte. It is
 * the same for every task, so that a reservation reveals nothing about the task.
 */
export const FIXED_PROMPT_TOKENS = 6144;

/**
 * Returns the cost of an attempt, in whole micro-dollars. Only the sum over all kinds of tokens is rounded, and it is rounded up, so
 * that no token is free.
 * @throws RangeError for a count that is not a whole number from 0 to 2^53 - 1
 */
export function costMicroUsd(usage: Usage, { price }: Pick<PricedModel, 'price'>): bigint {
  return roundedUp(
    product(usage.input, price.input) +
      product(usage.cached, price.cached) +
      product(usage.cacheWrittenShort, price.cacheWrites.short) +
      product(usage.cacheWrittenLong, price.cacheWrites.long) +
      product(usage.output, price.output) +
      product(usage.thinking, price.thinking),
  );
}

export interface ReservationInput {
  readonly row: Pick<PricedModel, 'price' | 'thinkingAllowanceTokens'>;
  /** Length of the sealed task's ciphertext: a size bucket and its tag. */
  readonly ciphertextBytes: number;
  readonly fixedPromptTokens?: number;
  readonly maxOutputTokens: number;
}

/**
 * Returns the most that one attempt can cost if the provider obeys the request's limits, in whole micro-dollars. It counts one token per
 * byte of input, at the highest of the input prices. It counts the maximum output and the thinking allowance at the higher price of output
 * and thinking.
 * @throws RangeError for a number that is not a whole number from 0 to 2^53 - 1
 */
export function reservationMicroUsd({
  row: { price, thinkingAllowanceTokens },
  ciphertextBytes,
  fixedPromptTokens = FIXED_PROMPT_TOKENS,
  maxOutputTokens,
}: ReservationInput): bigint {
  const dearestInput = Math.max(price.input, price.cached, price.cacheWrites.short, price.cacheWrites.long);
  const dearestOutput = Math.max(price.output, price.thinking);
  return roundedUp(
    product(ciphertextBytes, dearestInput) +
      product(fixedPromptTokens, dearestInput) +
      product(maxOutputTokens, dearestOutput) +
      product(thinkingAllowanceTokens, dearestOutput),
  );
}

function product(tokens: number, price: number): bigint {
  if (![tokens, price].every((each) => Number.isSafeInteger(each) && each >= 0))
    throw new RangeError('not a whole number of tokens');
  return BigInt(tokens) * BigInt(price);
}

function roundedUp(sum: bigint): bigint {
  return (sum + PER_TOKENS - 1n) / PER_TOKENS;
}
