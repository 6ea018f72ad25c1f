// Formats amounts, and the time at which a new day's budget begins. Only some pages need this, but every page loads format.ts.
import { locale } from './text/text';

/** Returns an amount in US dollars. It never rounds to zero. */
export function dollars(microUsd: number): string {
  const digits = microUsd > 0 && microUsd < 10_000 ? 4 : 2;
  const form = new Intl.NumberFormat(locale.value, {
    style: 'currency',
    currency: 'USD',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return microUsd > 0 && microUsd < 50 ? `< ${form.format(0.0001)}` : form.format(microUsd / 1e6);
}

/** Returns the local time of day to the minute, for a moment that may be hours away. */
export function hourAndMinute(ms: number): string {
  return new Intl.DateTimeFormat(locale.value, { timeStyle: 'short' }).format(ms);
}
