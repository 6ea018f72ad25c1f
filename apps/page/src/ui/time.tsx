import { clock, instant, utc } from '../format';

/** A moment in the reader's own time and form; UTC in the title. `when` shows the day too. */
export function Time({ ms, when = false }: { readonly ms: number; readonly when?: boolean }) {
  return (
    <time dateTime={new Date(ms).toISOString()} title={utc(ms)}>
      {when ? instant(ms) : clock(ms)}
    </time>
  );
}
