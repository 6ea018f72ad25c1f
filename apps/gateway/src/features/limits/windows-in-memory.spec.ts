import { OverQuotaCache } from './over-quota-cache';
import { WindowsInMemory } from './windows-in-memory';

let nowMs = 0;
beforeEach(() => {
  nowMs = 1_000_000;
  jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
});
afterEach(() => jest.restoreAllMocks());

describe('windows in memory', () => {
  it('begin with the first request of a key and last for their length', () => {
    const windows = new WindowsInMemory(1000);
    expect(windows.peek('a')).toBeUndefined();
    expect(windows.count('a')).toEqual({ count: 1, leftMs: 1000 });
    nowMs += 999;
    expect(windows.count('a')).toEqual({ count: 2, leftMs: 1 });
    expect(windows.peek('a')).toEqual({ count: 2, leftMs: 1 });
    nowMs += 1;
    expect(windows.peek('a')).toBeUndefined();
    expect(windows.count('a')).toEqual({ count: 1, leftMs: 1000 });
  });

  it('never have more time left than their length, for any fraction of a millisecond', () => {
    nowMs = 88_214.00789900291; // (now + 90_000) - now is more than 90_000
    expect(new WindowsInMemory(90_000).count('a')).toEqual({ count: 1, leftMs: 90_000 });
    const over = new OverQuotaCache();
    over.add('a', 90_000);
    expect(over.leftMs('a')).toBe(90_000);
  });

  it('are limited in number; ended ones are dropped first, then the oldest', () => {
    const windows = new WindowsInMemory(1000, 3);
    windows.count('a');
    nowMs += 500;
    for (const key of ['b', 'c']) windows.count(key);
    nowMs += 500; // a has ended
    windows.count('d');
    expect(['a', 'b', 'c', 'd'].map((key) => windows.peek(key)?.count)).toEqual([undefined, 1, 1, 1]);
    windows.count('e');
    expect(['b', 'c', 'd', 'e'].map((key) => windows.peek(key)?.count)).toEqual([undefined, 1, 1, 1]);
  });
});

describe('OverQuotaCache', () => {
  it('keeps a key until its window ends, and drops the oldest beyond its size', () => {
    const over = new OverQuotaCache(2);
    over.add('a', 1000);
    nowMs += 400;
    expect([over.leftMs('a'), over.leftMs('b')]).toEqual([600, undefined]);
    over.add('b', 2000);
    over.add('c', 2000);
    expect(['a', 'b', 'c'].map((key) => over.leftMs(key))).toEqual([undefined, 2000, 2000]);
    nowMs += 2000;
    expect(['b', 'c'].map((key) => over.leftMs(key))).toEqual([undefined, undefined]);
  });
});
