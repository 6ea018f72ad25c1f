import type { RelayAnswer } from '@communique-tee/protocol';
import type { OfficeResult } from './cwc/judge-answer';
import { AnswerMemory, DeliveryMemory } from './delivery-memory';

const accepted: OfficeResult = { outcome: 'accepted', reason: null, detail: null };
const pending: OfficeResult = { outcome: 'pending', reason: 'unreachable', detail: null };
const schedule = { firstSeconds: 30, longestSeconds: 3600 };
const until = (untilMs: number, contentSha256 = 'one text', sealedSha256 = 'one sealing') => ({
  contentSha256,
  sealedSha256,
  untilMs,
});
const SECOND = 1000;
const HOUR = 3600 * SECOND;

describe('the memory of deliveries', () => {
  let nowMs: number;
  beforeEach(() => (nowMs = 0));
  const memoryFor = (entries: number) => new DeliveryMemory(entries, { nowMs: () => nowMs }, schedule);
  const copy = (deliveryId: string, result = accepted) => ({
    deliveryId,
    deliver: jest.fn(() => Promise.resolve(result)),
  });

  it('makes one delivery for repeated and for simultaneous requests', async () => {
    const memory = memoryFor(100);
    const a = copy('a');
    await Promise.all([memory.attempt([a], until(10)), memory.attempt([a], until(10))]);
    expect(await memory.attempt([a], until(10))).toEqual({ results: [accepted], waitMs: null, withheld: 0 });
    expect(a.deliver).toHaveBeenCalledTimes(1);
  });

  it('retries a pending copy when its wait is over, and not before', async () => {
    const memory = memoryFor(100);
    const a = copy('a', pending);
    expect(await memory.attempt([a], until(HOUR))).toEqual({ results: [pending], waitMs: 30 * SECOND, withheld: 0 });
    nowMs = 29 * SECOND;
    for (let times = 0; times < 5; times++)
      expect(await memory.attempt([a], until(HOUR))).toEqual({ results: [pending], waitMs: SECOND, withheld: 0 });
    expect(a.deliver).toHaveBeenCalledTimes(1);
    nowMs = 30 * SECOND;
    expect(await memory.attempt([a], until(HOUR))).toEqual({ results: [pending], waitMs: 60 * SECOND, withheld: 0 });
    expect(a.deliver).toHaveBeenCalledTimes(2);
  });

  it('returns the same waits whatever the result and the duration of an attempt', async () => {
    const waits = async (results: OfficeResult[], tookMs: number) => {
      const memory = memoryFor(100);
      const told: (number | null | undefined)[] = [];
      for (let attempts = 0; attempts < 3; attempts++) {
        const copies = results.map((result, at) => ({
          deliveryId: String(at),
          deliver: () => {
            nowMs += tookMs;
            return Promise.resolve(result);
          },
        }));
        const waitMs = (await memory.attempt(copies, until(Infinity)))?.waitMs;
        told.push(waitMs);
        nowMs += waitMs ?? 0;
      }
      return told;
    };
    const expected = [30 * SECOND, 60 * SECOND, 120 * SECOND];
    expect(await waits([pending], 0)).toEqual(expected);
    expect(await waits([{ ...pending, reason: 'maintenance' }, pending], 40 * SECOND)).toEqual(expected);
    expect(await waits([{ ...pending, reason: 'busy' }], HOUR)).toEqual(expected);
  });

  it('keeps the result of an unanswered attempt until the office answers, even if a later attempt does not reach the office', async () => {
    const memory = memoryFor(100);
    const lost: OfficeResult = { outcome: 'pending', reason: 'connection_lost', detail: null };
    const a = copy('a', pending);
    const told: (string | null | undefined)[] = [];
    for (const result of [pending, lost, pending, { ...pending, reason: 'busy' as const }, accepted]) {
      a.deliver.mockResolvedValue(result);
      told.push((await memory.attempt([a], until(HOUR)))?.results[0]?.reason);
      nowMs += HOUR / 4;
    }
    expect(told).toEqual(['unreachable', 'connection_lost', 'connection_lost', 'connection_lost', null]);
    expect(a.deliver).toHaveBeenCalledTimes(5);
  });

  it('retries for the whole lifetime of a message, in the end once an hour', async () => {
    const memory = memoryFor(100);
    const a = copy('a', pending);
    const life = 7 * 24 * HOUR;
    let relays = 0;
    while (nowMs < life) {
      await memory.attempt([a], until(life)); // the parent relays without pause
      nowMs += 10 * SECOND;
      relays++;
    }
    expect(relays).toBeGreaterThan(60_000);
    expect(a.deliver).toHaveBeenCalledTimes(7 + 167); // 7 waits from 30 s, doubled to 1,920 s, then every hour
    a.deliver.mockResolvedValue(accepted);
    expect(await memory.attempt([a], until(life))).toMatchObject({ results: [pending] });
    nowMs += HOUR;
    expect(await memory.attempt([a], until(life))).toEqual({ results: [accepted], waitMs: null, withheld: 0 });
  });

  it('treats an attempt that throws as aborted, and waits before the next attempt', async () => {
    const memory = memoryFor(100);
    const failing = { deliveryId: 'a', deliver: () => Promise.reject(new Error('gone')) };
    await expect(memory.attempt([failing], until(HOUR))).rejects.toThrow('gone');
    const a = copy('a');
    expect(await memory.attempt([a], until(HOUR))).toMatchObject({
      results: [{ outcome: 'pending', reason: 'aborted' }],
      waitMs: 30 * SECOND,
      withheld: 0,
    });
    nowMs = 30 * SECOND;
    expect(await memory.attempt([a], until(HOUR))).toEqual({ results: [accepted], waitMs: null, withheld: 0 });
  });

  it('sends another text under a DeliveryId whose copy the office refused, and never the refused text again', async () => {
    const memory = memoryFor(3);
    const refused: OfficeResult = { outcome: 'refused', reason: 'refused_by_office', detail: 'not in this form' };
    const [first, corrected] = [copy('a', refused), copy('a')];
    const results = async (of: typeof first, text: string) => (await memory.attempt([of], until(HOUR, text)))?.results;
    expect(await results(first, 'first')).toEqual([refused]);
    expect(await results(first, 'first')).toEqual([refused]);
    expect(await results(copy('a', refused), 'second')).toEqual([refused]);
    // If the parent relays the refused texts in turn, no copy is sent
    expect(await results(first, 'first')).toEqual([refused]);
    expect(await results(corrected, 'corrected')).toEqual([accepted]);
    expect(await results(first, 'first')).toEqual([refused]);
    expect(await results(copy('a'), 'another')).toEqual([
      { outcome: 'refused', reason: 'other_content_sent', detail: null },
    ]);
    expect(first.deliver).toHaveBeenCalledTimes(1);
    expect(corrected.deliver).toHaveBeenCalledTimes(1);
    // Refused texts take room in the memory until their message has expired
    expect(await memory.attempt([copy('b')], until(HOUR))).toBeNull();
    nowMs = HOUR + 1;
    expect((await memory.attempt([copy('b')], until(2 * HOUR)))?.results).toEqual([accepted]);
  });

  it('limits the texts under a DeliveryId, so that one sender cannot fill the memory at no cost', async () => {
    const memory = memoryFor(100);
    const refused: OfficeResult = { outcome: 'refused', reason: 'refused_by_office', detail: null };
    const a = copy('a', refused);
    for (let text = 0; text < 200; text++) await memory.attempt([a], until(HOUR, String(text)));
    expect(a.deliver).toHaveBeenCalledTimes(16);
    expect((await memory.attempt([a], until(HOUR, '200')))?.results).toEqual([
      { outcome: 'refused', reason: 'other_content_sent', detail: null },
    ]);
    expect((await memory.attempt([a], until(HOUR, '3')))?.results).toEqual([refused]);
    for (let other = 0; other < 84; other++)
      expect(await memory.attempt([copy(String(other))], until(HOUR))).not.toBeNull();
    expect(await memory.attempt([copy('b')], until(HOUR))).toBeNull();
    // Each text that expires makes room for exactly one more
    nowMs = HOUR + 1;
    await memory.attempt([a], until(HOUR + SECOND, 'short'));
    for (let text = 0; text < 15; text++) await memory.attempt([a], until(9 * HOUR, `later ${text}`));
    nowMs += 2 * SECOND;
    for (let text = 15; text < 200; text++) await memory.attempt([a], until(9 * HOUR, `later ${text}`));
    expect(a.deliver).toHaveBeenCalledTimes(16 + 16 + 1);
  });

  it.each<[string, OfficeResult, boolean]>([
    ['never reached the office', pending, true],
    ['may have reached the office', { outcome: 'pending', reason: 'connection_lost', detail: null }, false],
    ['was accepted', accepted, false],
  ])('after a text that %s has expired, sends another text: %s', async (_how, result, isSent) => {
    const memory = memoryFor(100);
    const first = copy('a', result);
    const other = copy('a');
    await memory.attempt([first], until(HOUR, 'first'));
    await memory.attempt([other], until(2 * HOUR, 'other'));
    expect(other.deliver).toHaveBeenCalledTimes(0);
    nowMs = HOUR + 1;
    await memory.attempt([other], until(2 * HOUR, 'other'));
    expect(other.deliver).toHaveBeenCalledTimes(isSent ? 1 : 0);
  });

  it('does not remember a withheld copy, and sets no wait for it', async () => {
    const memory = memoryFor(100);
    const withheld = { outcome: 'pending', reason: 'may_have_been_sent', detail: null };
    const kept = { deliveryId: 'a', deliver: null };
    expect(await memory.attempt([kept, copy('b')], until(HOUR))).toEqual({
      results: [withheld, accepted],
      waitMs: null,
      withheld: 1,
    });
    expect(await memory.attempt([copy('a')], until(HOUR))).toEqual({ results: [accepted], waitMs: null, withheld: 0 });
    // The enclave now has its own result, so it withholds nothing
    expect(await memory.attempt([kept], until(HOUR))).toEqual({ results: [accepted], waitMs: null, withheld: 0 });
  });

  describe('while a copy is pending and its message is sealed again', () => {
    const again = (sealedSha256: string) => until(HOUR, 'one text', sealedSha256);
    const withheld = { outcome: 'pending', reason: 'may_have_been_sent', detail: null };
    const claimed = { deliveryId: 'a', deliver: null };

    it('withholds the copy if the gateway claims that another enclave attempted the new bytes', async () => {
      const memory = memoryFor(100);
      await memory.attempt([copy('a', pending)], again('first'));
      const answer = { results: [withheld], waitMs: null, withheld: 1 };
      expect(await memory.attempt([claimed], again('second'))).toEqual(answer);
    });

    it('answers with its own result if the gateway relayed the new bytes without a claim first', async () => {
      const memory = memoryFor(100);
      const a = copy('a', pending);
      await memory.attempt([a], again('first'));
      const answer = { results: [pending], waitMs: 30 * SECOND, withheld: 0 };
      expect(await memory.attempt([a], again('second'))).toEqual(answer);
      expect(await memory.attempt([claimed], again('second'))).toEqual(answer);
      expect(a.deliver).toHaveBeenCalledTimes(1);
    });

    it.each([pending, accepted])(
      'waits for a running attempt at the first bytes, and withholds the copy if it is still pending: %j',
      async (result) => {
        const memory = memoryFor(100);
        const [running, claim] = await Promise.all([
          memory.attempt([copy('a', result)], again('first')),
          memory.attempt([claimed], again('second')),
        ]);
        expect(running?.results).toEqual([result]);
        expect(claim?.results).toEqual([result === pending ? withheld : accepted]);
      },
    );

    it.each<OfficeResult>([
      { outcome: 'accepted', reason: null, detail: null },
      { outcome: 'refused', reason: 'settled_before', detail: null },
    ])('takes over the outcome that another enclave signed, before the wait is over: %j', async (settled) => {
      const memory = memoryFor(100);
      await memory.attempt([copy('a', pending)], again('first'));
      const told = { ...copy('a', settled), settled };
      const answer = { results: [settled], waitMs: null, withheld: 0 };
      expect(await memory.attempt([told], again('second'))).toEqual(answer);
      nowMs = 30 * SECOND;
      const due = copy('a');
      expect(await memory.attempt([due], again('second'))).toEqual(answer);
      expect(due.deliver).not.toHaveBeenCalled();
    });
  });

  it('tries only the remaining copies of a message that is sealed again', async () => {
    const memory = memoryFor(100);
    await memory.attempt([copy('a'), copy('b', pending)], until(HOUR));
    const [a, b, c] = [copy('a'), copy('b'), copy('c', pending)];
    expect(await memory.attempt([a, b, c], until(HOUR))).toEqual({
      results: [accepted, pending, pending],
      waitMs: 30 * SECOND,
      withheld: 0,
    });
    expect([a, b, c].map(({ deliver }) => deliver.mock.calls.length)).toEqual([0, 0, 1]);
  });

  it('never gives one text the result of another, relayed later or at the same time', async () => {
    const memory = memoryFor(100);
    const a = copy('a');
    const attempts = await Promise.all([
      memory.attempt([a], until(10)),
      memory.attempt([a], until(10, 'another text')),
    ]);
    attempts.push(await memory.attempt([a], until(10, 'another text')));
    expect(attempts.map((attempt) => attempt?.results[0]?.outcome)).toEqual(['accepted', 'refused', 'refused']);
    expect(a.deliver).toHaveBeenCalledTimes(1);
  });

  it('remembers a delivery until the last message that asked for it expires', async () => {
    const memory = memoryFor(1);
    await memory.attempt([copy('a')], until(10));
    await memory.attempt([copy('a')], until(30));
    nowMs = 20;
    expect(await memory.attempt([copy('b')], until(50))).toBeNull();
    nowMs = 31;
    expect(await memory.attempt([copy('b')], until(50))).not.toBeNull();
  });

  it('tries no new copy while it is full, and continues with known copies', async () => {
    const memory = memoryFor(3);
    await memory.attempt([copy('a', pending)], until(HOUR));
    await memory.attempt([copy('b')], until(10));
    const [c, d] = [copy('c'), copy('d')];
    expect(await memory.attempt([c, d], until(HOUR))).toBeNull();
    expect(c.deliver).not.toHaveBeenCalled();
    nowMs = 30 * SECOND; // the message of b has expired, and the wait for a is over
    expect(await memory.attempt([c, d], until(HOUR))).toEqual({
      results: [accepted, accepted],
      waitMs: null,
      withheld: 0,
    });
    expect(await memory.attempt([copy('e')], until(HOUR))).toBeNull();
    expect(await memory.attempt([copy('a')], until(HOUR))).toEqual({ results: [accepted], waitMs: null, withheld: 0 });
  });
});

it('the memory of answers drops the least recently used answer', () => {
  const memory = new AnswerMemory(2);
  const answer = (receipt: string): RelayAnswer => ({
    state: 'final',
    retryAfterSeconds: null,
    withheld: 0,
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
