/** An attacker's measurements of one exchange. Each kind of measurement has a fixed index. */
export type Measurements = readonly number[];

/** A measurement that could not be made. */
export const NOTHING = -1;

export interface Rule {
  /** The index of the measurement. */
  readonly at: number;
  readonly threshold: number;
  /** The candidate to guess if the measurement is above the threshold. */
  readonly above: 0 | 1;
  /** How many of the learned messages this rule classifies correctly. */
  readonly right: number;
  /** How many different values this measurement had. */
  readonly values: number;
}

/**
 * Returns the measurement and the threshold that classify most of the learned messages correctly. Of equally good rules it returns the one
 * with the fewest values, because a measurement that never repeats, such as a time, may separate a few messages by chance.
 */
export function bestRule([first, second]: readonly [readonly Measurements[], readonly Measurements[]]): Rule {
  let best: Rule = { at: 0, threshold: 0, above: 0, right: 0, values: 0 };
  for (const at of (first[0] ?? []).keys()) {
    const valuesOf = (of: readonly Measurements[]) => of.map((measurements) => measurements[at] ?? NOTHING);
    const [ofFirst, ofSecond] = [valuesOf(first), valuesOf(second)];
    const distinct = new Set([...ofFirst, ...ofSecond]);
    for (const threshold of distinct) {
      const countAbove = (of: readonly number[]) => of.filter((value) => value > threshold).length;
      const ifSecond = countAbove(ofSecond) + ofFirst.length - countAbove(ofFirst);
      const ifFirst = ofFirst.length + ofSecond.length - ifSecond;
      for (const [above, right] of [
        [1, ifSecond],
        [0, ifFirst],
      ] as const)
        if (right > best.right || (right === best.right && distinct.size < best.values))
          best = { at, threshold, above, right, values: distinct.size };
    }
  }
  return best;
}

/** @returns the candidate that the rule names */
export function guessBy({ at, threshold, above }: Rule, measurements: Measurements): 0 | 1 {
  return (measurements[at] ?? NOTHING) > threshold ? above : above === 0 ? 1 : 0;
}
