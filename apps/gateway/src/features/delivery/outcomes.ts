import type { Outcome } from '@communique-tee/protocol';

export type Outcomes = readonly Outcome[];

/** Returns the final status of a message whose offices all have an outcome. */
export function endOf(outcomes: Outcomes): 'delivered' | 'partially_delivered' | 'refused' | 'unknown' {
  if (outcomes.includes('unknown')) return 'unknown';
  const arrived = outcomes.filter((outcome) => outcome === 'accepted' || outcome === 'duplicate').length;
  if (arrived === 0) return 'refused';
  return arrived === outcomes.length ? 'delivered' : 'partially_delivered';
}

/** Returns the number of copies that cost money: those that an office has or may have. */
export function copiesSent(outcomes: Outcomes): number {
  return outcomes.filter((outcome) => outcome === 'accepted' || outcome === 'duplicate' || outcome === 'unknown')
    .length;
}
