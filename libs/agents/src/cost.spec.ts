import { usageSchema, type Usage } from '@communique-tee/protocol';
import fc from 'fast-check';
import { costMicroUsd, reservationMicroUsd } from './cost';
import { testPrice } from './testing';

const NOTHING: Usage = { input: 0, cached: 0, cacheWrittenShort: 0, cacheWrittenLong: 0, output: 0, thinking: 0 };
const row = { price: testPrice(), thinkingAllowanceTokens: 0 };
const cost = (usage: Partial<Usage>, price = testPrice()) => costMicroUsd({ ...NOTHING, ...usage }, { price });

describe('the cost of an attempt', () => {
  it('prices tokens that were written to a cache as cache writes, not as input', () => {
    expect(cost({ input: 3, cacheWrittenShort: 18_011, output: 10 })).toBe(22_577n);
    expect(cost({ input: 3, cacheWrittenShort: 400, cacheWrittenLong: 600, output: 10 })).toBe(1763n);
  });

  it('counts thinking in addition to output, and tool tokens as input', () => {
    expect(cost({ input: 317, output: 173, thinking: 60 })).toBe(317n + 6n * 233n);
  });

  it('is rounded up once, so that many small calls do not become free', () => {
    const cheap = testPrice({ input: 200_000 });
    const total = Array.from({ length: 1000 }, () => cost({ input: 2 }, cheap)).reduce((sum, each) => sum + each, 0n);
    expect(total).toBe(1000n);
    // Six tokens at a third of a micro-dollar each cost 2 micro-dollars. Rounding up each class would charge 6
    const third = testPrice({
      input: 333_333,
      cached: 333_333,
      cacheWrites: { short: 333_333, long: 333_333 },
      output: 333_333,
      thinking: 333_333,
    });
    expect(
      cost({ input: 1, cached: 1, cacheWrittenShort: 1, cacheWrittenLong: 1, output: 1, thinking: 1 }, third),
    ).toBe(2n);
  });

  it('is 0 only for no tokens, and is exact above the largest safe integer', () => {
    expect(cost({})).toBe(0n);
    expect(cost({ cached: 1 }, testPrice({ cached: 1 }))).toBe(1n);
    expect(cost({ output: Number.MAX_SAFE_INTEGER })).toBe(6n * BigInt(Number.MAX_SAFE_INTEGER));
  });

  it.each<[string, unknown]>([
    ['a negative count', -5],
    ['a fraction', 30.9],
    ['text', '120'],
    ['null', null],
    ['undefined', undefined],
    ['a number too large to be exact', 2 ** 53],
    ['NaN', NaN],
  ])('refuses %s as a count of tokens, in the calculation and in the schema', (_name, count) => {
    const usage = { ...NOTHING, input: count } as Usage;
    expect(() => costMicroUsd(usage, row)).toThrow(RangeError);
    expect(usageSchema.safeParse(usage).success).toBe(false);
  });
});

describe('the reservation of an attempt', () => {
  it('prices every byte as a token of the most expensive input class, and includes thinking', () => {
    const input = { ciphertextBytes: 4112, fixedPromptTokens: 1000, maxOutputTokens: 1024 };
    expect(reservationMicroUsd({ row, ...input })).toBe(2n * 5112n + 6n * 1024n);
    expect(reservationMicroUsd({ row: { ...row, thinkingAllowanceTokens: 512 }, ...input })).toBe(
      2n * 5112n + 6n * 1536n,
    );
    const dearThinking = { price: testPrice({ thinking: 9_000_000 }), thinkingAllowanceTokens: 0 };
    expect(reservationMicroUsd({ row: dearThinking, ...input })).toBe(2n * 5112n + 9n * 1024n);
  });

  it('covers every usage within the reserved limits', () => {
    const split = (total: number) => fc.tuple(fc.nat(total), fc.nat(total), fc.nat(total));
    fc.assert(
      fc.property(split(5112), fc.nat(1536), ([a, b, c], output) => {
        const [x = 0, y = 0, z = 0] = [a, b, c].sort((one, other) => one - other);
        const usage = {
          input: x,
          cached: y - x,
          cacheWrittenShort: z - y,
          cacheWrittenLong: 5112 - z,
          output: 1536 - output,
          thinking: output,
        };
        const reserved = reservationMicroUsd({
          row: { ...row, thinkingAllowanceTokens: 512 },
          ciphertextBytes: 4112,
          fixedPromptTokens: 1000,
          maxOutputTokens: 1024,
        });
        expect(cost(usage) <= reserved).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
