import { arrivalTimes, FIRST_MAIL_SHARE_OF_DAY, peakToMeanRatio } from './arrival-curve';

const DAY_MS = 86_400_000;

describe("the arrival curve of a campaign's day", () => {
  it('sends each message within the day, in order', () => {
    const times = [...arrivalTimes(10_000, DAY_MS)];
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBeGreaterThan(0);
    expect(times.at(-1)).toBeLessThan(DAY_MS);
  });

  it('has its busiest minute after the first e-mail, at four to five times the mean', () => {
    const times = arrivalTimes(100_000, DAY_MS);
    const perMinute = new Float64Array(1440);
    for (const time of times) {
      const minute = Math.floor(time / 60_000);
      perMinute[minute] = (perMinute[minute] ?? 0) + 1;
    }
    const busiest = perMinute.indexOf(Math.max(...perMinute));
    expect(busiest / 60).toBeGreaterThan(10);
    expect(busiest / 60).toBeLessThan(11);
    expect(Math.max(...perMinute) / (100_000 / 1440)).toBeCloseTo(peakToMeanRatio(), 0);
    expect(peakToMeanRatio()).toBeGreaterThan(4);
    expect(peakToMeanRatio()).toBeLessThan(5);
  });

  it('has few messages before the first e-mail, and the same shape for any length', () => {
    const day = arrivalTimes(1000, DAY_MS);
    const minute = arrivalTimes(1000, 60_000);
    const early = (times: Float64Array, totalMs: number) =>
      times.filter((time) => time < totalMs * FIRST_MAIL_SHARE_OF_DAY).length;
    expect(early(day, DAY_MS)).toBeLessThan(70);
    expect(early(minute, 60_000)).toBe(early(day, DAY_MS));
  });
});
