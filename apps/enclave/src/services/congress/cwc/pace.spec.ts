import * as fc from 'fast-check';
import { Pace, PaceFull, type PaceLimits } from './pace';

const paced = (limits: Partial<PaceLimits>) =>
  new Pace({ minIntervalMs: 0, officeMinIntervalMs: 0, maxWaitMs: 10_000, ...limits });

describe('a pace', () => {
  let started: string[];
  let originMs: number;
  beforeEach(() => {
    jest.useFakeTimers();
    started = [];
    originMs = performance.now();
  });
  afterEach(() => jest.useRealTimers());

  const ask = (pace: Pace, office: string, name = office) =>
    pace.turn(office).then(() => void started.push(`${name} ${String(performance.now() - originMs)}`));

  describe('of a chamber', () => {
    it('spaces the starts, in the order of asking', async () => {
      const pace = paced({ minIntervalMs: 100 });
      for (const name of ['a', 'b', 'c']) void ask(pace, 'HCA12', name);
      await jest.advanceTimersByTimeAsync(1000);
      expect(started).toEqual(['a 0', 'b 100', 'c 200']);
    });

    it('owes nothing for time in which nobody came', async () => {
      const pace = paced({ minIntervalMs: 100, maxWaitMs: 0 });
      await pace.turn('HCA12');
      await jest.advanceTimersByTimeAsync(100);
      await pace.turn('HCA12'); // a wait would be refused
      await expect(pace.turn('HCA12')).rejects.toBeInstanceOf(PaceFull);
    });

    it('sends away whoever would wait too long, and says for how long', async () => {
      const pace = paced({ minIntervalMs: 1000, maxWaitMs: 1500 });
      await pace.turn('HCA12');
      const second = pace.turn('HCA13');
      await expect(pace.turn('HCA14')).rejects.toMatchObject({ retryAfterSeconds: 2 });
      await jest.advanceTimersByTimeAsync(1000);
      await second;
    });

    it('lets the caller give up, and the next one takes the turn', async () => {
      const pace = paced({ minIntervalMs: 1000 });
      await pace.turn('HCA12');
      const controller = new AbortController();
      const waiting = expect(pace.turn('HCA12', controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
      const next = ask(pace, 'HCA13');
      controller.abort();
      await waiting;
      expect(jest.getTimerCount()).toBe(1);
      await jest.advanceTimersByTimeAsync(1000);
      await next;
      expect(started).toEqual(['HCA13 1000']);
      expect(jest.getTimerCount()).toBe(0);
      await expect(pace.turn('HCA12', controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
    });
  });

  describe('of an office', () => {
    it('spaces the starts to it, and to nobody else', async () => {
      const pace = paced({ officeMinIntervalMs: 1000 });
      for (const office of ['HCA12', 'HCA12', 'HCA13', 'HCA12']) void ask(pace, office);
      await jest.advanceTimersByTimeAsync(5000);
      expect(started).toEqual(['HCA12 0', 'HCA13 0', 'HCA12 1000', 'HCA12 2000']);
    });

    it('leaves the chamber to the others while it is busy', async () => {
      const pace = paced({ minIntervalMs: 500, officeMinIntervalMs: 900, maxWaitMs: 10_000 });
      for (let n = 0; n < 5; n++) void ask(pace, 'HCA12');
      for (const office of ['HCA13', 'HCA14', 'HCA15']) void ask(pace, office);
      await jest.advanceTimersByTimeAsync(20_000);
      // the longest waiting whose office is free: the busy office at 1000, as it was not yet free at 500
      expect(started.slice(0, 6)).toEqual([
        'HCA12 0',
        'HCA13 500',
        'HCA12 1000',
        'HCA14 1500',
        'HCA12 2000',
        'HCA15 2500',
      ]);
      expect(started).toHaveLength(8);
    });

    it('sends away whoever would wait too long for it, though the chamber is free', async () => {
      const pace = paced({ minIntervalMs: 100, officeMinIntervalMs: 4000, maxWaitMs: 5000 });
      await pace.turn('HCA12');
      const second = pace.turn('HCA12');
      await expect(pace.turn('HCA12')).rejects.toMatchObject({ retryAfterSeconds: 8 });
      void ask(pace, 'HCA13');
      await jest.advanceTimersByTimeAsync(100);
      expect(started).toEqual(['HCA13 100']);
      await jest.advanceTimersByTimeAsync(4000);
      await second;
    });

    it('sends away whoever others have delayed for too long', async () => {
      const pace = paced({ minIntervalMs: 500, officeMinIntervalMs: 1000, maxWaitMs: 1000 });
      await pace.turn('HCA12');
      const delayed = expect(pace.turn('HCA12')).rejects.toMatchObject({ retryAfterSeconds: 1 });
      await jest.advanceTimersByTimeAsync(600);
      await pace.turn('HCA13'); // the chamber is free again at 1100
      await jest.advanceTimersByTimeAsync(400);
      await delayed;
      expect(jest.getTimerCount()).toBe(0);
    });

    it('has a short line, so that it does not take all places of the enclave', async () => {
      const pace = paced({ officeMinIntervalMs: 1000 });
      for (let n = 0; n < 5; n++) void ask(pace, 'HCA12');
      await expect(pace.turn('HCA12')).rejects.toMatchObject({ retryAfterSeconds: 5 });
      void ask(pace, 'HCA13');
      await jest.advanceTimersByTimeAsync(1000);
      void ask(pace, 'HCA12', 'again');
      await jest.advanceTimersByTimeAsync(10_000);
      expect(started).toEqual([
        'HCA12 0',
        'HCA13 0',
        'HCA12 1000',
        'HCA12 2000',
        'HCA12 3000',
        'HCA12 4000',
        'again 5000',
      ]);
    });

    it('is forgotten once it is free', async () => {
      const pace = paced({ officeMinIntervalMs: 1000 });
      for (let district = 10; district < 60; district++) await pace.turn(`HCA${String(district)}`);
      expect(pace.rememberedOffices).toBe(50);
      await jest.advanceTimersByTimeAsync(1000);
      await pace.turn('SCA01');
      expect(pace.rememberedOffices).toBe(1);
    });

    it('is not remembered at all where it has no pace', async () => {
      const pace = paced({ minIntervalMs: 100 });
      await pace.turn('HCA12');
      expect(pace.rememberedOffices).toBe(0);
    });
  });

  it('keeps both distances, the order in each office and the longest wait, whoever comes when', async () => {
    const arrival = fc.record({
      afterMs: fc.integer({ min: 0, max: 1500 }),
      office: fc.constantFrom('HCA12', 'HCA13', 'HCA14', 'HNY01'),
      givesUpAfterMs: fc.option(fc.integer({ min: 0, max: 3000 })),
    });
    const limits = fc.record({
      minIntervalMs: fc.integer({ min: 0, max: 700 }),
      officeMinIntervalMs: fc.integer({ min: 0, max: 2000 }),
      maxWaitMs: fc.integer({ min: 0, max: 5000 }),
    });
    await fc.assert(
      fc.asyncProperty(limits, fc.array(arrival, { maxLength: 40 }), async (given, arrivals) => {
        const pace = new Pace(given);
        const starts: { n: number; office: string; atMs: number }[] = [];
        let [ended, longestMs] = [0, 0];
        const unexpected: unknown[] = [];
        for (const [n, { afterMs, office, givesUpAfterMs }] of arrivals.entries()) {
          await jest.advanceTimersByTimeAsync(afterMs);
          const controller = new AbortController();
          if (givesUpAfterMs !== null)
            setTimeout(() => {
              controller.abort();
            }, givesUpAfterMs);
          const sinceMs = performance.now();
          void pace
            .turn(office, controller.signal)
            .then(
              () => {
                starts.push({ n, office, atMs: performance.now() });
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
        expect(longestMs).toBeLessThanOrEqual(given.maxWaitMs + 1); // timers have whole milliseconds
        expect(jest.getTimerCount()).toBe(0);
        starts.forEach(({ atMs }, at) => {
          if (at > 0) expect(atMs - (starts[at - 1]?.atMs ?? 0)).toBeGreaterThanOrEqual(given.minIntervalMs);
        });
        for (const ofOffice of Map.groupBy(starts, ({ office }) => office).values()) {
          ofOffice.forEach(({ n, atMs }, at) => {
            const before = ofOffice[at - 1];
            if (before === undefined) return;
            expect(atMs - before.atMs).toBeGreaterThanOrEqual(given.officeMinIntervalMs);
            expect(n).toBeGreaterThan(before.n);
          });
        }
      }),
      { numRuns: 60 },
    );
  });
});
