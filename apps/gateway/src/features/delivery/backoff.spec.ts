import { backoffMs } from './backoff';

const limits = { minBackoffMs: 100, maxBackoffMs: 1000 };
const nearlyOne = () => 0.999_999;

describe('backoffMs', () => {
  it('doubles its ceiling up to the cap', () => {
    expect([1, 2, 3, 4, 5, 1000].map((attempt) => backoffMs(attempt, limits, null, nearlyOne))).toEqual([
      99, 199, 399, 799, 999, 999,
    ]);
  });

  it('is a random time between zero and the ceiling', () => {
    expect(backoffMs(5, limits, null, () => 0)).toBe(0);
    expect(backoffMs(5, limits, null, () => 0.5)).toBe(500);
  });

  it('waits at least as long as the enclave asked, even beyond the cap', () => {
    expect(backoffMs(1, limits, 60, () => 0)).toBe(60_000);
    expect(backoffMs(9, limits, 60, nearlyOne)).toBe(60_099);
  });
});
