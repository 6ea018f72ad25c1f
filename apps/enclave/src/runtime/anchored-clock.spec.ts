import { AnchoredClock } from './anchored-clock';
import { ClockWatch } from './clock-watch';

describe('the anchored clock', () => {
  it('has no time before it is anchored', () => {
    expect(() => new AnchoredClock().nowMs()).toThrow('not anchored');
    expect(() => new AnchoredClock().driftMs()).toThrow('not anchored');
  });

  it('continues from the anchor by the monotonic clock, whatever the machine’s clock shows', () => {
    let monotonicMs = 50;
    const clock = new AnchoredClock(() => monotonicMs);
    clock.anchorOn(1_000_000, 50);
    monotonicMs += 2_500;
    expect(clock.nowMs()).toBe(1_002_500);
  });

  it('steps forward to a later anchor, and never back to an earlier one', () => {
    const clock = new AnchoredClock(() => 0);
    clock.anchorOn(1_000_000, 0);
    clock.anchorOn(900_000, 0);
    expect(clock.nowMs()).toBe(1_000_000);
    clock.anchorOn(1_100_000, 0);
    expect(clock.nowMs()).toBe(1_100_000);
  });
});

describe('the drift of the machine’s clock', () => {
  const HOUR_MS = 3_600_000;
  let monotonicMs: number;
  let machineMs: number;
  let clock: AnchoredClock;
  const pass = (ms: number) => {
    monotonicMs += ms;
    machineMs += ms;
  };
  /** Anchors the clock on a document that the NSM dates `beforeMs` after the call and that arrives `afterMs` later. */
  const anchor = (driftMs: number, beforeMs = 0, afterMs = 0) => {
    const askedAtMs = clock.moment();
    pass(beforeMs);
    const timestampMs = machineMs + driftMs;
    pass(afterMs);
    clock.anchorOn(timestampMs, askedAtMs);
  };
  beforeEach(() => {
    monotonicMs = 5_000.25;
    machineMs = 1_700_000_000_000;
    clock = new AnchoredClock(
      () => monotonicMs,
      () => Math.floor(machineMs),
    );
  });

  it.each([0, 1, -1, 4_999, 100_000, -100_000, 56 * 365 * 24 * HOUR_MS])(
    'is reported with its sign: %d ms',
    (driftMs) => {
      anchor(driftMs);
      expect(clock.driftMs()).toBe(driftMs);
      pass(HOUR_MS);
      expect(clock.driftMs()).toBe(driftMs);
    },
  );

  it('excludes the duration of the call, because the NSM may read its clock at any moment during the call', () => {
    for (const [beforeMs, afterMs] of [
      [0, 3_000],
      [3_000, 0],
      [1_500, 1_500],
    ] as const) {
      anchor(0, beforeMs, afterMs);
      expect(clock.driftMs()).toBe(0);
    }
    anchor(70_000, 0, 3_000);
    expect(clock.driftMs()).toBe(67_000);
    anchor(-70_000, 3_000, 0);
    expect(clock.driftMs()).toBe(-67_000);
  });

  it('shows at once that the machine’s clock was set between two documents', () => {
    anchor(0);
    machineMs -= 61_000;
    expect(clock.driftMs()).toBe(61_000);
    machineMs += 2 * 61_000;
    expect(clock.driftMs()).toBe(-61_000);
  });

  it('is measured from the newest document, although attested time does not step back', () => {
    anchor(90_000);
    pass(60_000);
    anchor(0);
    expect(clock.driftMs()).toBe(0);
    expect(clock.nowMs()).toBeGreaterThan(machineMs);
  });

  it('is logged when it passes 5 s or 60 s in either direction, and not at every reading', () => {
    const lines: unknown[][] = [];
    const watch = new ClockWatch(clock, { write: (...line) => lines.push(line) });
    const readings = [0, 5_000, -5_001, -5_002, 60_000, 60_001, 70_000, -70_000, 6_000, 0, 0];
    for (const driftMs of readings) {
      anchor(driftMs);
      watch.check();
    }
    expect(lines).toEqual([
      ['warn', 'clock_drift', { outcome: 'warning', driftMs: -5_001 }],
      ['error', 'clock_drift', { outcome: 'failed', driftMs: 60_001 }],
      ['warn', 'clock_drift', { outcome: 'warning', driftMs: 6_000 }],
      ['info', 'clock_drift', { outcome: 'within_bounds', driftMs: 0 }],
    ]);
  });
});
