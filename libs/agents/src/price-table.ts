import { encodeCanonicalJson, toHex, type Provider } from '@communique-tee/protocol';
import { sha256 } from '@noble/hashes/sha2.js';
import type { RequestShape } from './request-shape';

/** Micro-dollars per million tokens: $0.125 per million tokens is 125,000. Whole numbers. */
export interface Prices {
  /** The first UTC day on which these prices apply, `YYYY-MM-DD`. */
  readonly from: string;
  /** The first UTC day on which they no longer apply; null while no end is announced. */
  readonly until: string | null;
  readonly input: number;
  /** Input that the provider read from its cache. */
  readonly cached: number;
  /** Input that the provider wrote to its cache, for some minutes or for an hour or longer. Such tokens do not count as `input`. */
  readonly cacheWrites: { readonly short: number; readonly long: number };
  readonly output: number;
  readonly thinking: number;
}

/** One model under the exact name that requests carry. */
export interface ModelRow {
  readonly model: string;
  readonly shape: RequestShape;
  /** Tokens that the model may think in addition to its visible output. They are reserved, and added to the maximum in a request. */
  readonly thinkingAllowanceTokens: number;
  /** The prices in the order of their days, without overlap. */
  readonly prices: readonly Prices[];
}

export interface PriceTable {
  /** The date of the table and its number on that date: `2026-11-30.1`. */
  readonly version: string;
  readonly rows: readonly ModelRow[];
}

/** A row with the prices of one moment. */
export interface PricedModel extends ModelRow {
  readonly provider: Provider;
  readonly price: Prices;
}

/**
 * Returns the row of a model's exact name, with the prices in force. A dated name has no row unless the table lists it;
 * `sameModel` accepts dated names in a provider's answer.
 * @returns null for a model that is not in the table, and for a time for which it has no prices
 */
export function rowOf(table: PriceTable, provider: Provider, model: string, at: Date): PricedModel | null {
  const row = table.rows.find((each) => each.shape.provider === provider && each.model === model);
  const day = at.toISOString().slice(0, 10);
  const price = row?.prices.find(({ from, until }) => from <= day && (until === null || day < until));
  return row && price ? { ...row, provider, price } : null;
}

/** Returns SHA-256 of the table as canonical JSON (RFC 8785), in lowercase hex. Statements and the attested configuration contain it. */
export function priceTableSha256(table: PriceTable): string {
  return toHex(sha256(encodeCanonicalJson(table)));
}
