import type { Outcome } from '@communique-tee/protocol';

export type Outcomes = readonly Outcome[];

/**
 * The end of a message whose offices all have an outcome. A copy without an answer makes it `unknown`; otherwise the number of offices that
 * have the message decides.
 */
export function endOf(outcomes: Outcomes): 'delivered' | 'partially_delivered' | 'refused' | 'unknown' {
  if (outcomes.includes('unknown')) return 'unknown';
  const arrived = outcomes.filter((outcome) => outcome === 'accepted' || outcome === 'duplicate').length;
  if (arrived === 0) return 'refused';
  return arrived === outcomes.length ? 'delivered' : 'partially_delivered';
}

/** The number of copies that an office has or may have; these cost money. A copy that the office refused costs nothing. */
export function copiesSent(outcomes: Outcomes): number {
  return outcomes.filter((outcome) => outcome === 'accepted' || outcome === 'duplicate' || outcome === 'unknown')
    .length;
}
