/**
 * The answers of GET /api/health/history and /api/admin/history (apps/gateway/src/edge/monitoring/history), reduced to what the page draws.
 */
export interface History {
  readonly at: readonly number[];
  readonly lists: Readonly<Record<string, readonly (number | null)[]>>;
  readonly letters: Readonly<Record<string, string>>;
}

export const EMPTY: History = { at: [], lists: {}, letters: {} };
/** The samples of six hours. */
const MAX_SAMPLES = 2160;

/**
 * Reads `lists` (a number for each sample) and `letters` (a letter for each sample). Their keys are paths, such as
 * `budget.hour.spentMicroUsd`. Everything that is not as long as `at` is left out.
 */
export function readHistory(body: unknown): History {
  const at =
    isRecord(body) && Array.isArray(body['at'])
      ? body['at'].filter((value): value is number => typeof value === 'number')
      : [];
  const lists: Record<string, readonly (number | null)[]> = {};
  const letters: Record<string, string> = {};
  const walk = (value: unknown, path: string, depth: number): void => {
    if (typeof value === 'string' && value.length === at.length) letters[path] = value;
    else if (
      Array.isArray(value) &&
      value.length === at.length &&
      value.every((each) => each === null || typeof each === 'number')
    )
      lists[path] = value as (number | null)[];
    else if (isRecord(value) && depth < 4)
      for (const [name, member] of Object.entries(value))
        walk(member, path === '' ? name : `${path}.${name}`, depth + 1);
  };
  walk(body, '', 0);
  return { at, lists, letters };
}

/** Appends the fresh samples, and drops the oldest ones beyond six hours. Where times overlap, the fresh samples replace the known ones. */
export function joined(known: History, fresh: History): History {
  const start = fresh.at[0] ?? Infinity;
  const kept = known.at.filter((at) => at < start).length;
  const drop = Math.max(0, kept + fresh.at.length - MAX_SAMPLES);
  const names = new Set([...Object.keys(known.lists), ...Object.keys(fresh.lists)]);
  const words = new Set([...Object.keys(known.letters), ...Object.keys(fresh.letters)]);
  return {
    at: [...known.at.slice(drop, kept), ...fresh.at],
    lists: Object.fromEntries(
      [...names].map((name) => [
        name,
        [...(known.lists[name] ?? nothing(kept)).slice(drop, kept), ...(fresh.lists[name] ?? nothing(fresh.at.length))],
      ]),
    ),
    letters: Object.fromEntries(
      [...words].map((name) => [
        name,
        `${(known.letters[name] ?? ' '.repeat(kept)).slice(drop, kept)}${fresh.letters[name] ?? ' '.repeat(fresh.at.length)}`,
      ]),
    ),
  };
}

function nothing(length: number): null[] {
  return Array.from({ length }, () => null);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
