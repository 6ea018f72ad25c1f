import type { Outcome } from '@communique-tee/protocol';

export type Outcomes = readonly Outcome[];

/**
 * The end of a message whose offices all have an outcome: a copy without an answer makes it `unknown`, otherwise the
 * offices that have it count.
 */
export function endOf(outcomes: Outcomes): 'delivered' | 'partially_delivered' | 'refused' | 'unknown' {
  if (outcomes.includes('unknown')) return 'unknown';
  const arrived = outcomes.filter((outcome) => outcome === 'accepted' || outcome === 'duplicate').length;
  if (arrived === 0) return 'refused';
  return arrived === outcomes.length ? 'delivered' : 'partially_delivered';
}

/** Copies that went out to Congress, which is what costs. */
export function copiesSent(outcomes: Outcomes): number {
  return outcomes.filter((outcome) => outcome === 'accepted' || outcome === 'duplicate' || outcome === 'unknown')
    .length;
}
