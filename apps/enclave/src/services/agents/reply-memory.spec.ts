import type { AgentReply } from '@communique-tee/protocol';
import { RememberedAttempt, ReplyMemory } from './reply-memory';

const MINUTE = 60_000;
const reply: AgentReply = {
  answer: new Uint8Array(1),
  statement: 'x',
  attestationDocument: new Uint8Array(1),
  again: null,
};
const STAYS = new AbortController().signal;
const ended = (isBilled: boolean) => new RememberedAttempt(() => Promise.resolve({ reply, isBilled }));
const broken = () => new RememberedAttempt(() => Promise.reject(new Error('gone')));
const endless = () => new RememberedAttempt(() => new Promise(() => undefined));

describe('the memory of replies', () => {
  let nowMs: number;
  let memory: ReplyMemory;
  beforeEach(() => {
    nowMs = 0;
    memory = new ReplyMemory(3, { nowMs: () => nowMs });
  });
  const put = async (request: string, attempt: RememberedAttempt, expiresAtMs = 0, number: 1 | 2 = 1) => {
    memory.put(request, number, attempt, expiresAtMs);
    await Promise.race([attempt.whenEnded.catch(() => undefined), Promise.resolve()]);
    await new Promise((resolve) => setImmediate(resolve));
  };

  it('keeps a reply for ten minutes after its attempt, and longer if its request expires later', async () => {
    await put('a', ended(true));
    await put('b', ended(true), 11 * MINUTE);
    nowMs = 10 * MINUTE - 1;
    expect(await memory.find('a', 1)?.join(STAYS)).toBe(reply);
    nowMs = 10 * MINUTE;
    expect([memory.find('a', 1), memory.find('b', 1)]).toEqual([undefined, expect.anything()]);
    nowMs = 11 * MINUTE;
    expect(memory.find('b', 1)).toBeUndefined();
  });

  it('drops no paid reply, running attempt, or attempt with an unknown outcome to make room', async () => {
    await put('paid', ended(true));
    await put('runs', endless());
    await put('unknown', broken());
    expect(memory.hasRoom()).toBe(false);
    nowMs = 9 * MINUTE;
    expect(memory.hasRoom()).toBe(false);
    nowMs = 10 * MINUTE;
    expect(memory.hasRoom()).toBe(true);
    expect(memory.find('runs', 1)).toBeDefined();
  });

  it('drops the oldest replies that cost nothing, so that unpaid tasks cannot fill it', async () => {
    await put('free 1', ended(false));
    await put('paid', ended(true));
    await put('free 2', ended(false));
    expect(memory.hasRoom()).toBe(true);
    expect([memory.find('free 1', 1), memory.find('paid', 1), memory.find('free 2', 1)]).toEqual([
      undefined,
      expect.anything(),
      expect.anything(),
    ]);
  });

  it('finds out quickly that it is full, however much it holds', async () => {
    memory = new ReplyMemory(10_000, { nowMs: () => nowMs });
    for (let at = 0; at < 10_000; at++) memory.put(String(at), 1, ended(true), 0);
    await new Promise((resolve) => setImmediate(resolve));
    const before = process.cpuUsage();
    expect(memory.hasRoom()).toBe(false);
    // It takes a few milliseconds. Counting all replies again for each task would take more than a second.
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(300);
  });

  it('keeps both attempts at a task if one of them was paid for', async () => {
    await put('a', ended(false));
    await put('a', ended(true), 0, 2);
    await put('b', ended(true));
    expect(memory.hasRoom()).toBe(false);
    expect(memory.find('a', 1)).toBeDefined();
  });

  it('forgets an attempt that cost nothing and has no reply', async () => {
    await put('a', broken());
    memory.forget('a', 1);
    expect(memory.find('a', 1)).toBeUndefined();
  });
});

describe('an attempt with several callers', () => {
  it('is canceled when the last caller has left, and not before', () => {
    let allLeft: AbortSignal | undefined;
    const attempt = new RememberedAttempt((signal) => {
      allLeft = signal;
      return new Promise(() => undefined);
    });
    const callers = [new AbortController(), new AbortController()];
    for (const { signal } of callers) void attempt.join(signal);
    callers[0]?.abort();
    expect(allLeft?.aborted).toBe(false);
    callers[1]?.abort();
    expect(allLeft?.aborted).toBe(true);
  });
});
