import { TestStorage } from '../testing/test-storage';
import { createSentBefore } from './sent-before';

const [FIRST, SECOND] = ['11'.repeat(32), '22'.repeat(32)];
const DAY_MS = 24 * 3600 * 1000;

function start(storage = new TestStorage(), at = { nowMs: 1_800_000_000_000 }) {
  return { storage, at, sent: createSentBefore(storage, () => at.nowMs) };
}

it('remembers over visits that a message was accepted, for as long as the gateway does', async () => {
  const { storage, at, sent } = start();
  await Promise.all([sent.add(FIRST), sent.add(SECOND), sent.add(FIRST)]);
  expect(sent.nullifiers.value).toEqual(new Set([FIRST, SECOND]));
  const later = start(storage, { nowMs: at.nowMs + 97 * DAY_MS });
  await later.sent.look();
  expect(later.sent.nullifiers.value).toEqual(new Set([FIRST, SECOND]));
  later.at.nowMs += 2 * DAY_MS;
  await later.sent.look();
  expect(later.sent.nullifiers.value.size).toBe(0);
});

it('forgets a nullifier that the gateway has freed, and every nullifier when the secret is forgotten', async () => {
  const { storage, sent } = start();
  await sent.add(FIRST);
  await sent.add(SECOND);
  await sent.remove(FIRST);
  expect(sent.nullifiers.value).toEqual(new Set([SECOND]));
  await sent.clear();
  expect([sent.nullifiers.value.size, storage.value]).toEqual([0, undefined]);
});

it.each([null, 'x', {}, [7], [{ nullifier: 'zz', atMs: 1 }], [{ nullifier: FIRST }]])(
  'ignores %j in the storage',
  async (value) => {
    const { storage, sent } = start();
    storage.value = value;
    await sent.look();
    expect(sent.nullifiers.value.size).toBe(0);
  },
);

it.each(['open', 'write'] as const)('does not fail where the browser stores no data (%s)', async (fails) => {
  const { storage, sent } = start();
  storage.fails = fails;
  await sent.look();
  await sent.add(FIRST);
  await sent.clear();
  expect(sent.nullifiers.value.size).toBe(0);
});
