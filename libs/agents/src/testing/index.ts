import type { ModelRow, PriceTable, Prices } from '../price-table';
import type { RequestShape } from '../request-shape';

/** Round prices for tests, in micro-dollars per million tokens. */
const PRICE: Prices = {
  from: '2020-01-01',
  until: null,
  input: 1_000_000,
  cached: 100_000,
  cacheWrites: { short: 1_250_000, long: 2_000_000 },
  output: 6_000_000,
  thinking: 6_000_000,
};

export const testPrice = (changes: Partial<Prices> = {}): Prices => ({ ...PRICE, ...changes });

export function testRow(model: string, shape: RequestShape, changes: Partial<ModelRow> = {}): ModelRow {
  return { model, shape, thinkingAllowanceTokens: 0, prices: [PRICE], ...changes };
}

/** The simulator of the AI providers has these models. */
export const TEST_PRICE_TABLE: PriceTable = {
  version: '2026-01-01.1',
  rows: [
    testRow('gpt-test', { provider: 'openai', effort: 'none', cache: 'off', sampling: false }),
    testRow('gemini-test', { provider: 'gemini', thinking: { budget: 0 }, sampling: true }),
    testRow(
      'gemini-test-thinking',
      { provider: 'gemini', thinking: { level: 'minimal' }, sampling: true },
      { thinkingAllowanceTokens: 512 },
    ),
    testRow('claude-test', { provider: 'anthropic', thinking: 'disabled', geography: 'global', sampling: false }),
  ],
};
