import { ProblemError } from '../../core/problems/problem-error';
import { WriteGroups } from './write-groups';

/** Makes groups that commit or fail when the spec says so. */
function held() {
  const groups: { readonly items: readonly number[]; commit(): void; fail(error: unknown): void }[] = [];
  const writes = new WriteGroups<number, string>(
    (items) =>
      new Promise((resolve, reject) => {
        groups.push({ items, commit: () => resolve(items.map((item) => `wrote ${String(item)}`)), fail: reject });
      }),
  );
  return { groups, writes };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

it('commits the writes of one event-loop turn in one group, and returns each write’s result', async () => {
  const { groups, writes } = held();
  const results = [1, 2, 3].map((item) => writes.add(item));
  await turn();
  expect(groups.map(({ items }) => items)).toEqual([[1, 2, 3]]);
  groups[0]?.commit();
  await expect(Promise.all(results)).resolves.toEqual(['wrote 1', 'wrote 2', 'wrote 3']);
});

it('runs two groups at once, and commits the writes that come meanwhile in one group', async () => {
  const { groups, writes } = held();
  for (const item of [1, 2, 3, 4]) {
    void writes.add(item);
    await turn();
  }
  expect(groups.map(({ items }) => items)).toEqual([[1], [2]]);
  groups[0]?.commit();
  await turn();
  expect(groups.map(({ items }) => items)).toEqual([[1], [2], [3, 4]]);
});

it('resolves no write before its commit', async () => {
  const { groups, writes } = held();
  let told = false;
  void writes.add(1).then(() => (told = true));
  for (let at = 0; at < 5; at++) await turn();
  expect(told).toBe(false);
  groups[0]?.commit();
  await turn();
  expect(told).toBe(true);
});

it('tries each write separately after an unexpected error, so that one does not fail the others', async () => {
  const writes = new WriteGroups<number, number>((items) =>
    items.includes(2) ? Promise.reject(new Error('no such status')) : Promise.resolve(items),
  );
  const results = await Promise.allSettled([1, 2, 3].map((item) => writes.add(item)));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

it('fails all writes of a group, without another try, when the database is unavailable', async () => {
  let calls = 0;
  const writes = new WriteGroups<number, number>(() => {
    calls++;
    return Promise.reject(new ProblemError('database_unavailable'));
  });
  const results = await Promise.allSettled([1, 2].map((item) => writes.add(item)));
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(calls).toBe(1);
});
