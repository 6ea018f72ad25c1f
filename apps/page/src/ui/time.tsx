import { clock, instant, utc } from '../format';

/** Shows a moment in the reader's time zone and format, with UTC in the title. `when` adds the day. */
export function Time({ ms, when = false }: { readonly ms: number; readonly when?: boolean }) {
  return (
    <time dateTime={new Date(ms).toISOString()} title={utc(ms)}>
      {when ? instant(ms) : clock(ms)}
    </time>
  );
}
