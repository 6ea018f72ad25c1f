import { firstThenAll } from './first-then-all';

it('handles the first item, then all others at once, and returns the results in order', async () => {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const all = firstThenAll(['a', 'b', 'c'], async (item) => {
    begun.push(item);
    await new Promise<void>((resolve) => ends.set(item, resolve));
    return item.toUpperCase();
  });
  expect(begun).toEqual(['a']);
  ends.get('a')?.();
  await new Promise(setImmediate);
  expect(begun).toEqual(['a', 'b', 'c']);
  ends.get('c')?.();
  ends.get('b')?.();
  expect(await all).toEqual(['A', 'B', 'C']);
});

it('does not begin the others if the first fails', async () => {
  const begun: number[] = [];
  const all = firstThenAll([1, 2], (item) => {
    begun.push(item);
    return Promise.reject(new Error('no'));
  });
  await expect(all).rejects.toThrow('no');
  expect(begun).toEqual([1]);
});

it('returns an empty list for an empty list', async () => {
  expect(await firstThenAll([], () => Promise.reject(new Error('never called')))).toEqual([]);
});
