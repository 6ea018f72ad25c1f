/** Random draws from a seed. The same seed gives the same draws. */
export interface Draw {
  /** Draws a number in [from, to). */
  between(from: number, to: number): number;
  /** Draws a whole number in [from, to]. */
  whole(from: number, to: number): number;
  one<T>(of: readonly [T, ...T[]]): T;
  chance(probability: number): boolean;
}

/** Each `name` has its own sequence of draws, so that a new kind of fault does not change the times of other faults. */
export function drawFrom(seed: number, name: string): Draw {
  let state = seed >>> 0;
  for (const character of name) state = (Math.imul(state, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  // A small seeded generator (Tommy Ettinger's mulberry32, public domain)
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  return {
    between: (from, to) => from + next() * (to - from),
    whole: (from, to) => from + Math.floor(next() * (to - from + 1)),
    one: (of) => of[Math.floor(next() * of.length)] ?? of[0],
    chance: (probability) => next() < probability,
  };
}
