import { AnchoredClock } from './anchored-clock';

describe('the anchored clock', () => {
  it('has no time before it is anchored', () => {
    expect(() => new AnchoredClock().nowMs()).toThrow('not anchored');
  });

  it('goes on from the anchor by the monotonic clock, whatever the wall clock says', () => {
    let monotonicMs = 50;
    const clock = new AnchoredClock(() => monotonicMs);
    clock.anchorOn(1_000_000);
    monotonicMs += 2_500;
    expect(clock.nowMs()).toBe(1_002_500);
  });

  it('steps forward with a later anchor and never back with an earlier one', () => {
    const clock = new AnchoredClock(() => 0);
    clock.anchorOn(1_000_000);
    clock.anchorOn(900_000);
    expect(clock.nowMs()).toBe(1_000_000);
    clock.anchorOn(1_100_000);
    expect(clock.nowMs()).toBe(1_100_000);
  });
});
