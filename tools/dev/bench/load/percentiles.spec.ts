import { percentilesOf } from './percentiles';

describe('percentiles', () => {
  it('are values that occurred, by nearest rank, whatever their order', () => {
    const values = Array.from({ length: 200 }, (_, at) => 200 - at);
    expect(percentilesOf(values)).toEqual({ count: 200, p50: 100, p99: 198, max: 200 });
    expect(percentilesOf([5])).toEqual({ count: 1, p50: 5, p99: 5, max: 5 });
    expect(percentilesOf([3, 1, 2])).toMatchObject({ p50: 2, p99: 3 });
  });

  it('are NaN if there are no values', () => {
    expect(percentilesOf([])).toEqual({ count: 0, p50: NaN, p99: NaN, max: NaN });
  });
});
