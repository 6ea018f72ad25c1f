import { createMessageStorage, MAX_KEPT, type KeptEntry } from './kept';
import { keptMessage, NOW_MS, ORIGIN, TestStorage } from './testing/scripted-client';

const DAY_MS = 86_400_000;

const idOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const entryOf = (number = 1, keptAtMs = NOW_MS): KeptEntry => ({
  keptAtMs,
  kept: keptMessage(idOf(number)),
});

function storageOf(storage: TestStorage, nowMs = NOW_MS) {
  return createMessageStorage({ key: 'kept', storage: () => storage, origin: ORIGIN, now: () => nowMs });
}

function shelfWith(text: string): { entries: readonly KeptEntry[]; left: string | null } {
  const storage = new TestStorage();
  storage.setItem('kept', text);
  return { entries: storageOf(storage).entries.value, left: storage.getItem('kept') };
}

const written = (...messages: readonly unknown[]): string => JSON.stringify({ v: 1, messages });

it('keeps messages across visits, the latest first, and writes no other data', () => {
  const storage = new TestStorage();
  const messageStorage = storageOf(storage);
  expect(messageStorage.keep(entryOf(1))).toBe('yes');
  expect(messageStorage.keep(entryOf(2))).toBe('yes');
  const known = { keptAtMs: NOW_MS, kept: keptMessage(idOf(1), false) };
  expect(messageStorage.keep(known)).toBe('yes');
  expect(storageOf(storage).entries.value).toEqual([known, entryOf(2)]);
  expect([...storage.values.keys()]).toEqual(['kept']);
});

it('leaves no data behind when the last message is forgotten', () => {
  const storage = new TestStorage();
  const messageStorage = storageOf(storage);
  messageStorage.keep(entryOf(1));
  messageStorage.keep(entryOf(2));
  messageStorage.forget(idOf(1));
  expect(messageStorage.entries.value).toEqual([entryOf(2)]);
  messageStorage.forget(idOf(2));
  messageStorage.forget(idOf(2));
  expect(storage.values.size).toBe(0);
});

it('refuses a message beyond the maximum, and drops none to make room', () => {
  const storage = new TestStorage();
  const messageStorage = storageOf(storage);
  for (let number = 1; number <= MAX_KEPT; number++) expect(messageStorage.keep(entryOf(number))).toBe('yes');
  expect(messageStorage.keep(entryOf(MAX_KEPT + 1))).toBe('full');
  expect(messageStorage.keep(entryOf(1))).toBe('yes');
  expect(storageOf(storage).entries.value).toHaveLength(MAX_KEPT);
});

it('keeps what another tab has kept meanwhile', () => {
  const storage = new TestStorage();
  const [one, other] = [storageOf(storage), storageOf(storage)];
  one.keep(entryOf(1));
  other.keep(entryOf(2));
  expect(storageOf(storage).entries.value).toEqual([entryOf(2), entryOf(1)]);
});

it('reports when the browser stores no data, and still works', () => {
  const storage = new TestStorage();
  storage.refuses = true;
  const messageStorage = storageOf(storage);
  expect([messageStorage.entries.value, messageStorage.keep(entryOf())]).toEqual([[], 'refused']);
  messageStorage.forget(idOf(1));
  const none = createMessageStorage({
    key: 'kept',
    storage: () => {
      throw new DOMException('denied', 'SecurityError');
    },
    origin: ORIGIN,
    now: () => NOW_MS,
  });
  expect([none.entries.value, none.keep(entryOf())]).toEqual([[], 'refused']);
});

it('drops a message that the server has deleted by now, and one from another origin', () => {
  const storage = new TestStorage();
  storageOf(storage).keep(entryOf(1));
  storageOf(storage, NOW_MS + 30 * DAY_MS).keep(entryOf(2, NOW_MS + 30 * DAY_MS));
  expect(storageOf(storage, NOW_MS + 38 * DAY_MS).entries.value).toEqual([entryOf(2, NOW_MS + 30 * DAY_MS)]);
  expect(storage.getItem('kept')).not.toContain(idOf(1));
  const foreign = { ...entryOf(3), kept: { ...keptMessage(idOf(3)), gateway: 'https://attacker.example' } };
  expect(shelfWith(written(foreign))).toEqual({ entries: [], left: null });
});

describe('stored text', () => {
  const good = entryOf(1);
  it.each([
    ['nothing', ''],
    ['no JSON', '{"v":1'],
    ['no object', 'null'],
    ['a list', '[]'],
    ['an older version', JSON.stringify({ v: 0, messages: [good] })],
    ['a newer version', JSON.stringify({ v: 2, messages: [good] })],
    ['no version', JSON.stringify({ messages: [good] })],
    ['another member', JSON.stringify({ v: 1, messages: [good], more: 1 })],
    ['a member twice', `{"v":1,"v":1,"messages":[${JSON.stringify(good)}]}`],
    ['another member of an entry', written({ ...good, html: '<img src=x onerror=alert(1)>' })],
    ['another member of a message', written({ ...good, kept: { ...good.kept, token: 'secret' } })],
    ['a prototype', `{"v":1,"messages":[],"__proto__":{"length":1}}`],
    ['a message of another version', written({ ...good, kept: { ...good.kept, v: 1 } })],
    ['an id that is markup', written({ ...good, kept: { ...good.kept, id: '<b>' } })],
    ['an answer key of another length', written({ ...good, kept: { ...good.kept, answerKey: 'A'.repeat(44) } })],
    ['a time that is text', written({ ...good, keptAtMs: '2026-11-29' })],
    ['a time that is no time', written({ ...good, keptAtMs: -1 })],
    ['a time far ahead', written({ ...good, keptAtMs: NOW_MS + 2 * DAY_MS })],
    ['a time beyond every date', written({ ...good, keptAtMs: Number.MAX_SAFE_INTEGER })],
    ['accepted, as text', written({ ...good, kept: { ...good.kept, accepted: 'true' } })],
    ['one message twice', written(good, good)],
    ['too many messages', written(...Array.from({ length: MAX_KEPT + 1 }, (_, at) => entryOf(at)))],
    ['a megabyte', written({ ...good, keptAtMs: NOW_MS, more: 'x'.repeat(1_000_000) })],
    ['a million brackets', '['.repeat(1_000_000)],
  ])('is ignored and removed when it is not exactly what this page kept: %s', (_, text) => {
    expect(shelfWith(text)).toEqual({ entries: [], left: null });
  });

  it('is read back when it is exactly what this page kept', () => {
    expect(shelfWith(written(good)).entries).toEqual([good]);
  });
});
