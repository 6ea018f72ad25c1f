import * as fc from 'fast-check';
import { RelayPace, type PaceSignal } from './relay-pace';

const served = (latencyMs = 100): PaceSignal => ({ kind: 'served', latencyMs });
/** Runs a round: as many attempts as the limit allows begin together, and each ends with the signal. */
const round = (pace: RelayPace, signal: PaceSignal | ((at: number) => PaceSignal)) => {
  const slots = Array.from({ length: pace.limit }, () => pace.take());
  slots.forEach((slot, at) => {
    slot.done(typeof signal === 'function' ? signal(at) : signal);
  });
};
const rounds = (pace: RelayPace, count: number, signal: PaceSignal) => {
  for (let n = 0; n < count; n++) round(pace, signal);
};

describe('RelayPace', () => {
  it('starts at the maximum, and counts attempts under way', () => {
    const pace = new RelayPace(3);
    expect([pace.limit, pace.free, pace.underWay]).toEqual([3, 3, 0]);
    const slots = [pace.take(), pace.take(), pace.take()];
    expect([pace.free, pace.underWay]).toEqual([0, 3]);
    slots.forEach((slot) => {
      slot.done({ kind: 'nothing' });
      slot.done({ kind: 'busy' });
    });
    expect([pace.limit, pace.free, pace.underWay]).toEqual([3, 3, 0]);
  });

  it('halves once for attempts that were refused together, down to one', () => {
    const pace = new RelayPace(16);
    const limits = [8, 4, 2, 1, 1];
    for (const limit of limits) {
      round(pace, { kind: 'busy' });
      expect(pace.limit).toBe(limit);
    }
  });

  it('grows by about one for each full round that was served, up to the maximum', () => {
    const pace = new RelayPace(8);
    rounds(pace, 3, { kind: 'busy' });
    expect(pace.limit).toBe(1);
    const limits = Array.from({ length: 40 }, () => {
      rounds(pace, 1, served());
      return pace.limit;
    });
    expect(limits.every((limit, at) => limit - (limits[at - 1] ?? 1) <= 1)).toBe(true);
    expect(limits.at(-1)).toBe(8);
  });

  it('does not grow while fewer attempts run than the limit allows', () => {
    const pace = new RelayPace(8);
    round(pace, { kind: 'busy' });
    for (let n = 0; n < 100; n++) pace.take().done(served());
    expect(pace.limit).toBe(4);
  });

  it('shrinks when relays become slow, but not below a quarter, because Congress may be the cause', () => {
    const pace = new RelayPace(16);
    rounds(pace, 5, served(50));
    rounds(pace, 3, served(1000));
    expect(pace.limit).toBeLessThan(16);
    rounds(pace, 100, { kind: 'late' });
    expect(pace.limit).toBe(4);
    rounds(pace, 2, { kind: 'busy' });
    expect(pace.limit).toBe(1);
    round(pace, { kind: 'late' });
    expect(pace.limit).toBe(1);
  });

  it('adopts the latency of an enclave that stays slow as the new baseline', () => {
    const pace = new RelayPace(8);
    rounds(pace, 3, served(50));
    rounds(pace, 300, served(1000));
    expect(pace.limit).toBe(8);
  });

  it('ignores an enclave that could not be reached', () => {
    const pace = new RelayPace(8);
    rounds(pace, 10, { kind: 'nothing' });
    expect(pace.limit).toBe(8);
  });

  it('stays between one and the maximum, and loses no slot, for any sequence of signals', () => {
    const signal = fc.oneof(
      fc.constantFrom<PaceSignal>({ kind: 'busy' }, { kind: 'late' }, { kind: 'nothing' }),
      fc.integer({ min: 0, max: 60_000 }).map(served),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.tuple(fc.boolean(), signal), { maxLength: 300 }),
        (max, steps) => {
          const pace = new RelayPace(max);
          const open: ReturnType<RelayPace['take']>[] = [];
          for (const [take, heard] of steps) {
            if (take && pace.free > 0) open.push(pace.take());
            else open.shift()?.done(heard);
            expect(pace.limit).toBeGreaterThanOrEqual(1);
            expect(pace.limit).toBeLessThanOrEqual(max);
            expect(pace.underWay).toBe(open.length);
          }
        },
      ),
    );
  });
});
