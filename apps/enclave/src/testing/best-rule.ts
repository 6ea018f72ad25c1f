/** What an attacker measured of one exchange, each kind of measurement at its own index. */
export type Measurements = readonly number[];

/** A measurement that could not be made. */
export const NOTHING = -1;

export interface Rule {
  readonly at: number;
  readonly threshold: number;
  /** The candidate to guess above the threshold. */
  readonly above: 0 | 1;
  /** How many learned messages this rule classifies correctly. */
  readonly right: number;
  /** How many different values of the measurement were learned. */
  readonly values: number;
}

/**
 * One measurement and one threshold: the pair that classifies most of the learned messages correctly. Ties go to the
 * measurement with the fewest values, because one that never repeats, such as a time, may separate a few messages by
 * chance.
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
