import { pathOf, runs } from './chart-path';
import { EMPTY, joined, readHistory } from './history';

describe('the history of the gateway', () => {
  it('is read into letters and lists by path, without other members of the answer', () => {
    const body = {
      at: [1, 2],
      indicators: { enclave: 'ud', keys: 'u' },
      budget: { hour: { spentMicroUsd: [1, null] } },
      queue: { waiting: [1, 2, 3] },
      odd: ['a', 'b'],
    };
    expect(readHistory(body)).toEqual({
      at: [1, 2],
      letters: { 'indicators.enclave': 'ud' },
      lists: { at: [1, 2], 'budget.hour.spentMicroUsd': [1, null] },
    });
    for (const nothing of [null, 7, 'x', [], { at: 'x' }]) expect(readHistory(nothing).at).toEqual([]);
  });

  it('is appended to the known samples, each moment once, up to a maximum', () => {
    const first = readHistory({ at: [10, 20, 30], a: [1, 2, 3], s: 'uuu' });
    const both = joined(joined(EMPTY, first), readHistory({ at: [30, 40], a: [3, 4], b: [0, 1], s: 'du' }));
    expect(both).toMatchObject({
      at: [10, 20, 30, 40],
      lists: { a: [1, 2, 3, 4], b: [null, null, 0, 1] },
      letters: { s: 'uudu' },
    });
    const many = Array.from({ length: 2160 }, (_, at) => 100 + at);
    const full = joined(both, readHistory({ at: many, a: many, s: 'u'.repeat(2160) }));
    expect([full.at.length, full.at[0], full.lists['a']?.length, full.letters['s']?.length]).toEqual([
      2160, 100, 2160, 2160,
    ]);
  });
});

describe('a chart', () => {
  it('has a gap where a value is unknown, and where a sample is missing', () => {
    expect(pathOf([0, 10, 20, 30], [0, 100, null, 50], 100)).toBe('M0 118h0.1L333.3 2M1000 60h0.1');
    expect(pathOf([0, 10, 100], [1, 1, 1], 1).match(/M/g)).toHaveLength(2);
    expect(pathOf([], [], 1)).toBe('');
  });

  it('draws consecutive samples of the same state as one bar, except where samples are missing', () => {
    expect(runs([0, 10, 20], 'uud').map(({ letter, from, to }) => [letter, Math.round(from), Math.round(to)])).toEqual([
      ['u', 0, 667],
      ['d', 667, 1000],
    ]);
    expect(runs([0, 10, 1000], 'uuu')).toHaveLength(2);
  });
});
