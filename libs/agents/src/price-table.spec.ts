import { PROVIDERS, modelNameSchema, pricesVersionSchema } from '@communique-tee/protocol';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PRICE_TABLE, priceTableSha256, rowOf, UNVERIFIED_PRICES, type PriceTable } from '.';
import { TEST_PRICE_TABLE, testPrice, testRow } from './testing';

const shape = { provider: 'openai', effort: 'none', cache: 'off', sampling: false } as const;

describe('rowOf', () => {
  const table: PriceTable = {
    version: '2026-01-01.1',
    rows: [
      testRow('one', shape, {
        prices: [
          testPrice({ from: '2026-01-01', until: '2026-07-01' }),
          testPrice({ from: '2026-07-01', input: 2_000_000 }),
        ],
      }),
    ],
  };
  const input = (at: string) => rowOf(table, 'openai', 'one', new Date(at))?.price.input;

  it('returns the prices of the UTC day', () => {
    expect(input('2026-06-30T23:59:59.999Z')).toBe(1_000_000);
    expect(input('2026-07-01T00:00:00Z')).toBe(2_000_000);
    expect(input('2030-01-01T00:00:00Z')).toBe(2_000_000);
  });

  it('returns null before the first prices, for another name, for a dated name, or for another provider', () => {
    expect(input('2025-12-31T23:59:59Z')).toBeUndefined();
    const now = new Date('2026-02-01');
    expect(rowOf(table, 'openai', 'two', now)).toBeNull();
    expect(rowOf(table, 'openai', 'one-2026-02-01', now)).toBeNull();
    expect(rowOf(table, 'gemini', 'one', now)).toBeNull();
  });
});

describe('the hash of a price table', () => {
  it('changes with every price, name and request shape, but not with the order of members', () => {
    const [first] = TEST_PRICE_TABLE.rows;
    if (!first) throw new Error('a row expected');
    const hash = priceTableSha256(TEST_PRICE_TABLE);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    const { version, rows } = TEST_PRICE_TABLE;
    expect(priceTableSha256({ rows, version })).toBe(hash);
    const others = [
      { ...first, model: 'other' },
      { ...first, prices: [testPrice({ cached: 100_001 })] },
      { ...first, shape: { ...shape, cache: 'unset' as const } },
      { ...first, thinkingAllowanceTokens: 1 },
    ].map((row) => priceTableSha256({ version, rows: [row, ...rows.slice(1)] }));
    expect(new Set([hash, ...others, priceTableSha256({ version: '2026-01-01.2', rows })]).size).toBe(6);
  });
});

describe.each([
  ['the price table', PRICE_TABLE],
  ['the price table for tests', TEST_PRICE_TABLE],
])('%s', (_name, { version, rows }) => {
  it('has a version, and one row for each exact name', () => {
    expect(pricesVersionSchema.safeParse(version).success).toBe(true);
    const names = rows.map(({ model, shape: { provider } }) => `${provider} ${model}`);
    expect(new Set(names).size).toBe(names.length);
    for (const { model } of rows) expect([model, modelNameSchema.safeParse(model).success]).toEqual([model, true]);
  });

  it('has whole numbers as prices, in the order of their days, without gap or overlap', () => {
    for (const { model, prices } of rows) {
      expect(prices.length).toBeGreaterThan(0);
      for (const { from, until, cacheWrites, ...price } of prices) {
        expect([model, from]).toEqual([model, expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/)]);
        if (until !== null) expect(from < until).toBe(true);
        const all = [...Object.values(price), ...Object.values(cacheWrites)];
        expect([model, all.filter((each) => !Number.isSafeInteger(each) || each <= 0)]).toEqual([model, []]);
        expect(all).toHaveLength(6);
        expect(price.cached).toBeLessThanOrEqual(price.input);
      }
      for (const [at, { until }] of prices.entries())
        expect([model, until]).toEqual([model, prices[at + 1]?.from ?? null]);
    }
  });

  it('reserves tokens for thinking only in rows whose requests cannot turn thinking off', () => {
    for (const { model, shape, thinkingAllowanceTokens } of rows) {
      const isOff =
        (shape.provider === 'openai' && shape.effort === 'none') ||
        (shape.provider === 'gemini' && 'budget' in shape.thinking && shape.thinking.budget === 0) ||
        shape.provider === 'anthropic';
      expect([model, thinkingAllowanceTokens > 0]).toEqual([model, !isOff]);
    }
  });
});

it('the price table has a model of each provider, and each row names the page and the day of its prices', () => {
  expect(new Set(PRICE_TABLE.rows.map(({ shape: { provider } }) => provider))).toEqual(new Set(PROVIDERS));
  const source = readFileSync(join(__dirname, 'models.ts'), 'utf8');
  for (const { model } of PRICE_TABLE.rows)
    expect([
      model,
      new RegExp(`// https://[^\\n]+ 20\\d\\d-\\d\\d-\\d\\d[^{}]+\\{\\n\\s+model: '${model}'`).test(source),
    ]).toEqual([model, true]);
});

it('UNVERIFIED_PRICES lists exactly the models whose comment says that the price is unverified', () => {
  const source = readFileSync(join(__dirname, 'models.ts'), 'utf8');
  const said = PRICE_TABLE.rows.filter(({ model }) =>
    new RegExp(`[Uu]nverified[^{}]+\\{\\n\\s+model: '${model}'`).test(source),
  );
  expect(said.map(({ model }) => model)).toEqual(UNVERIFIED_PRICES);
});
