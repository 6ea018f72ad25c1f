const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NULLIFIER_DAYS = 90 + 7 + 1;

/** The starts of the UTC hour and the UTC day of a moment. */
export interface Windows {
  readonly hour: Date;
  readonly day: Date;
}

export function windowsOf(now: Date): Windows {
  const time = now.getTime();
  return { hour: new Date(time - (time % HOUR_MS)), day: new Date(time - (time % DAY_MS)) };
}

export function endOfHour(now: Date): Date {
  return new Date(windowsOf(now).hour.getTime() + HOUR_MS);
}

export function endOfDay(now: Date): Date {
  return new Date(windowsOf(now).day.getTime() + DAY_MS);
}

/**
 * Returns the time until which the gateway keeps a nullifier that is used at `now`. The gateway cannot see when a campaign ends, so it adds
 * the longest campaign (90 days), the longest message life (7 days), and a day for clocks that differ. The result is the end of a UTC day,
 * so that it does not show the hour of use.
 */
export function nullifiersUntil(now: Date): Date {
  return endOfDay(new Date(now.getTime() + NULLIFIER_DAYS * DAY_MS));
}

/** Whole seconds until `moment`, at least one. */
export function secondsUntil(moment: Date, now: Date): number {
  return Math.max(1, Math.ceil((moment.getTime() - now.getTime()) / 1000));
}
