import * as fc from 'fast-check';
import { Pace, PaceFull } from './pace';

describe('the pace of a chamber', () => {
  let started: string[];
  beforeEach(() => {
    jest.useFakeTimers({ now: 0 });
    started = [];
  });
  afterEach(() => jest.useRealTimers());

  const ask = (pace: Pace, name: string) =>
    pace.turn().then(() => void started.push(`${name} ${String(performance.now())}`));

  it('starts one delivery in each slot, in the order of the requests', async () => {
    const pace = new Pace({ minIntervalMs: 100, maxWaitMs: 10_000 });
    await jest.advanceTimersByTimeAsync(130);
    for (const name of ['a', 'b', 'c']) void ask(pace, name);
    await jest.advanceTimersByTimeAsync(1000);
    expect(started).toEqual(['a 200', 'b 300', 'c 400']);
  });

  it('starts a delivery at the same instant whether the enclave asked early or late in the slot before', async () => {
    for (const afterMs of [1, 37, 99]) {
      const pace = new Pace({ minIntervalMs: 100, maxWaitMs: 10_000 });
      const beginMs = performance.now();
      await jest.advanceTimersByTimeAsync(afterMs);
      void ask(pace, String(performance.now() < beginMs + 100));
      await jest.advanceTimersByTimeAsync(200 - afterMs);
    }
    expect(started).toEqual(['true 100', 'true 300', 'true 500']);
  });

  it('does not make up for empty slots', async () => {
    const pace = new Pace({ minIntervalMs: 100, maxWaitMs: 150 });
    await jest.advanceTimersByTimeAsync(1050);
    for (const name of ['a', 'b']) void ask(pace, name);
    await expect(pace.turn()).rejects.toBeInstanceOf(PaceFull);
    await jest.advanceTimersByTimeAsync(1000);
    expect(started).toEqual(['a 1100', 'b 1200']);
  });

  it('starts every delivery at once if the interval is 0', async () => {
    const pace = new Pace({ minIntervalMs: 0, maxWaitMs: 0 });
    for (const name of ['a', 'b']) void ask(pace, name);
    await jest.advanceTimersByTimeAsync(0);
    expect(started).toEqual(['a 0', 'b 0']);
  });

  it('gives the slot of a caller that aborts to the next caller', async () => {
    const pace = new Pace({ minIntervalMs: 1000, maxWaitMs: 10_000 });
    await jest.advanceTimersByTimeAsync(1);
    const controller = new AbortController();
    const waiting = expect(pace.turn(controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
    void ask(pace, 'next');
    controller.abort();
    await waiting;
    await jest.advanceTimersByTimeAsync(1000);
    expect(started).toEqual(['next 1000']);
    expect(jest.getTimerCount()).toBe(0);
    await expect(pace.turn(controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('skips slots that passed while the process was paused', async () => {
    const pace = new Pace({ minIntervalMs: 100, maxWaitMs: 10_000 });
    await jest.advanceTimersByTimeAsync(1);
    for (const name of ['a', 'b']) void ask(pace, name);
    const stoodStill = jest.spyOn(performance, 'now').mockReturnValue(1030); // the timers of both deliveries are overdue
    await jest.advanceTimersByTimeAsync(99);
    expect(started).toEqual(['a 1030']);
    stoodStill.mockRestore();
  });

  it('starts deliveries only in slots, in order and within the longest wait, for any arrivals', async () => {
    const arrival = fc.record({
      afterMs: fc.integer({ min: 0, max: 1500 }),
      givesUpAfterMs: fc.option(fc.integer({ min: 0, max: 3000 })),
    });
    const limits = fc.record({
      minIntervalMs: fc.integer({ min: 1, max: 700 }),
      maxWaitMs: fc.integer({ min: 0, max: 5000 }),
    });
    await fc.assert(
      fc.asyncProperty(limits, fc.array(arrival, { maxLength: 40 }), async (given, arrivals) => {
        const pace = new Pace(given);
        const starts: { n: number; slot: number }[] = [];
        let [ended, longestMs] = [0, 0];
        const unexpected: unknown[] = [];
        for (const [n, { afterMs, givesUpAfterMs }] of arrivals.entries()) {
          await jest.advanceTimersByTimeAsync(afterMs);
          const controller = new AbortController();
          if (givesUpAfterMs !== null) setTimeout(() => controller.abort(), givesUpAfterMs);
          const sinceMs = performance.now();
          void pace
            .turn(controller.signal)
            .then(
              () => {
                starts.push({ n, slot: performance.now() / given.minIntervalMs });
                longestMs = Math.max(longestMs, performance.now() - sinceMs);
              },
              (error: unknown) => {
                if (!(error instanceof PaceFull) && !controller.signal.aborted) unexpected.push(error);
              },
            )
            .finally(() => ended++);
        }
        await jest.advanceTimersByTimeAsync(20_000);
        expect(ended).toBe(arrivals.length);
        expect(unexpected).toEqual([]);
        expect(longestMs).toBeLessThanOrEqual(given.maxWaitMs);
        expect(jest.getTimerCount()).toBe(0);
        starts.forEach(({ n, slot }, at) => {
          expect(Number.isInteger(slot)).toBe(true);
          expect(slot).toBeGreaterThan(starts[at - 1]?.slot ?? -1);
          expect(n).toBeGreaterThan(starts[at - 1]?.n ?? -1);
        });
      }),
      { numRuns: 60 },
    );
  });
});
