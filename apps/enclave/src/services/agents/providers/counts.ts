import type { Usage } from '@communique-tee/protocol';
import { member, type Json } from './dialect';

/** A value is not a count, so `usageBy` returns null. */
class NoCount extends Error {}

/**
 * More than any model reads or writes for one request. Larger counts would overflow the cost's digits in a statement and the sums of the
 * ledger, and would let one answer of a provider use up the budget of all.
 */
const MAX_TOKENS = 100_000_000;

/**
 * Returns a count of tokens: a whole number from 0 to MAX_TOKENS. Throws on any other value. `whenAbsent` is passed only for counts that
 * the provider leaves out when they are zero.
 */
export function count(value: Json, whenAbsent?: number): number {
  if (value === undefined && whenAbsent !== undefined) return whenAbsent;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > MAX_TOKENS) throw new NoCount();
  return value;
}

/**
 * Returns an object of further counts, or undefined if it is absent or null. Throws on any other value, which could hide counts with a
 * separate price.
 */
export function details(value: Json, name: string): Json {
  const found = member(value, name) ?? undefined;
  if (found !== undefined && (typeof found !== 'object' || Array.isArray(found))) throw new NoCount();
  return found;
}

/** Throws unless the parts add up to the total. A total that the provider does not state is not checked. */
export function requireSum(total: Json, parts: number): void {
  if (total !== undefined && count(total) !== parts) throw new NoCount();
}

/** Returns a count minus the other counts that it includes. Throws if the result is below zero. */
export function without(whole: number, ...parts: readonly number[]): number {
  return count(whole - parts.reduce((sum, part) => sum + part, 0));
}

/**
 * Returns the usage that `read` returns. Returns null if a required count is absent, if a count is negative or not a whole number, or if
 * the counts do not add up to the stated total. Also null if the prompt, or a text that is not empty, has no token: such a usage would cost
 * too little.
 * @param text the answer's text
 */
export function usageBy(text: string, read: () => Usage): Usage | null {
  try {
    const usage = read();
    const prompt = usage.input + usage.cached + usage.cacheWrittenShort + usage.cacheWrittenLong;
    if (prompt === 0 || (text !== '' && usage.output === 0)) return null;
    return usage;
  } catch (error) {
    if (error instanceof NoCount) return null;
    throw error;
  }
}
