import { encodeCanonicalJson, toHex, type Provider } from '@communique-tee/protocol';
import { sha256 } from '@noble/hashes/sha2.js';
import type { RequestShape } from './request-shape';

/** Whole micro-dollars per million tokens: $0.125 per million tokens is 125,000. */
export interface Prices {
  /** The first UTC day on which these prices apply, `YYYY-MM-DD`. */
  readonly from: string;
  /** The first UTC day on which they no longer apply. Null while no end is announced. */
  readonly until: string | null;
  readonly input: number;
  /** Input that the provider read from its cache. */
  readonly cached: number;
  /** Input that the provider wrote to its cache: `short` for some minutes, `long` for an hour or longer. Such tokens do not count as `input`. */
  readonly cacheWrites: { readonly short: number; readonly long: number };
  readonly output: number;
  readonly thinking: number;
}

/** One model. `model` is its name in requests. */
export interface ModelRow {
  readonly model: string;
  readonly shape: RequestShape;
  /** Tokens of thinking beside the visible output. The gateway reserves their cost, and the enclave adds them to a request's maximum output. */
  readonly thinkingAllowanceTokens: number;
  /** The prices in the order of their days, without overlap. */
  readonly prices: readonly Prices[];
}

export interface PriceTable {
  /** The date of the table and its number on that date: `2026-11-30.1`. */
  readonly version: string;
  readonly rows: readonly ModelRow[];
}

/** A row with its prices at one time. */
export interface PricedModel extends ModelRow {
  readonly provider: Provider;
  readonly price: Prices;
}

/**
 * Returns the row with exactly this model's name, and its prices at this time.
 * @returns null if the table does not have the model, or has no price for this day
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
