import { clock, utc } from '../format';

/** A time of day in the reader's own time and form; UTC in the title. */
export function Time({ ms }: { readonly ms: number }) {
  return (
    <time dateTime={new Date(ms).toISOString()} title={utc(ms)}>
      {clock(ms)}
    </time>
  );
}
