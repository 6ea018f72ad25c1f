export const WIDTH = 1000;
export const HEIGHT = 120;
/** A longer time between two samples is a gap: the gateway was restarted, or this page was hidden. */
const MAX_GAP_SECONDS = 35;
const SAMPLE_SECONDS = 10;

/** Returns an SVG path with gaps where a value is unknown or a sample is missing. */
export function pathOf(at: readonly number[], values: readonly (number | null)[], top: number): string {
  const [first = 0, end = 0] = [at[0], at.at(-1)];
  const span = Math.max(1, end - first);
  let path = '';
  let previous: number | undefined;
  for (const [index, moment] of at.entries()) {
    const value = values[index] ?? null;
    if (value === null) {
      previous = undefined;
      continue;
    }
    const x = tenth(((moment - first) / span) * WIDTH);
    const y = tenth(HEIGHT - (value / top) * (HEIGHT - 4) - 2);
    const draws = previous !== undefined && moment - previous <= MAX_GAP_SECONDS;
    // h0.1 draws a dot, so that a sample between two gaps is visible
    path += draws ? `L${String(x)} ${String(y)}` : `M${String(x)} ${String(y)}h0.1`;
    previous = moment;
  }
  return path;
}

export interface Run {
  readonly from: number;
  readonly to: number;
  readonly letter: string;
}

/** Joins neighboring samples that have the same letter in `states`. */
export function runs(at: readonly number[], states: string): Run[] {
  const [first = 0, end = 0] = [at[0], at.at(-1)];
  const step = WIDTH / Math.max(1, end - first + SAMPLE_SECONDS);
  const found: Run[] = [];
  for (const [index, moment] of at.entries()) {
    const letter = states.charAt(index);
    const next = at[index + 1] ?? moment + SAMPLE_SECONDS;
    const from = (moment - first) * step;
    const to = (Math.min(next, moment + MAX_GAP_SECONDS) - first) * step;
    const before = found.at(-1);
    if (before?.letter === letter && from - before.to < 0.01) found[found.length - 1] = { ...before, to };
    else found.push({ from, to, letter });
  }
  return found;
}

export function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
