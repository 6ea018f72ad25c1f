import type { RelayAnswer } from '@communique-tee/protocol';
import type { OfficeResult } from './cwc/judge-answer';
import { AnswerMemory, DeliveryMemory } from './delivery-memory';

const accepted: OfficeResult = { outcome: 'accepted', reason: null, detail: null };
const until = (untilMs: number, contentSha256 = 'one text') => ({ contentSha256, untilMs });
const pending: OfficeResult = { outcome: 'pending', reason: 'unreachable', detail: null };

describe('the memory of deliveries', () => {
  it('delivers once, also when asked at the same time', async () => {
    const memory = new DeliveryMemory(100, { nowMs: () => 0 });
    const deliver = jest.fn(() => Promise.resolve(accepted));
    await Promise.all([memory.once('a', until(10), deliver), memory.once('a', until(10), deliver)]);
    await memory.once('a', until(10), deliver);
    expect(deliver).toHaveBeenCalledTimes(1);
  });

  it('tries again what is pending, and what threw', async () => {
    const memory = new DeliveryMemory(100, { nowMs: () => 0 });
    await memory.once('a', until(10), () => Promise.resolve(pending));
    await expect(memory.once('a', until(10), () => Promise.reject(new Error('gone')))).rejects.toThrow('gone');
    expect(await memory.once('a', until(10), () => Promise.resolve(accepted))).toBe(accepted);
  });

  it('gives no other text the result of one, neither afterwards nor at the same time', async () => {
    const memory = new DeliveryMemory(100, { nowMs: () => 0 });
    const deliver = jest.fn(() => Promise.resolve(accepted));
    const results = await Promise.all([
      memory.once('a', until(10), deliver),
      memory.once('a', until(10, 'another text'), deliver),
    ]);
    results.push(await memory.once('a', until(10, 'another text'), deliver));
    expect(results.map(({ outcome }) => outcome)).toEqual(['accepted', 'refused', 'refused']);
    expect(deliver).toHaveBeenCalledTimes(1);
  });

  it('remembers until the last message that asked for a delivery expires', async () => {
    let nowMs = 0;
    const memory = new DeliveryMemory(1, { nowMs: () => nowMs });
    await memory.once('a', until(10), () => Promise.resolve(accepted));
    await memory.once('a', until(30), () => Promise.resolve(accepted));
    nowMs = 20;
    expect(memory.hasRoomFor(1)).toBe(false);
    nowMs = 31;
    expect(memory.hasRoomFor(1)).toBe(true);
  });

  it('forgets only what has expired, and has no room rather than forget more', async () => {
    let nowMs = 0;
    const memory = new DeliveryMemory(2, { nowMs: () => nowMs });
    await memory.once('a', until(10), () => Promise.resolve(accepted));
    await memory.once('b', until(20), () => Promise.resolve(accepted));
    expect(memory.hasRoomFor(1)).toBe(false);
    nowMs = 15;
    expect(memory.hasRoomFor(1)).toBe(true);
    const again = jest.fn(() => Promise.resolve(accepted));
    await memory.once('b', until(20), again);
    expect(again).not.toHaveBeenCalled();
  });
});

it('the memory of answers lets the least recently used go', () => {
  const memory = new AnswerMemory(2);
  const answer = (receipt: string): RelayAnswer => ({
    state: 'final',
    retryAfterSeconds: null,
    receipt,
    attestationDocument: new Uint8Array(1),
    answer: new Uint8Array(1),
  });
  memory.keep('a', answer('a'));
  memory.keep('b', answer('b'));
  memory.get('a');
  memory.keep('c', answer('c'));
  expect(memory.get('b')).toBeUndefined();
  expect(memory.get('a')?.receipt).toBe('a');
});
