/**
 * How one attempt ended. A statement, a metric and a database row contain one of these values and no text of a
 * provider.
 *
 * - The provider answered: `complete`, `cut` (at the maximum output), `empty` (without text), `refused` (by the model), `other` (for a
 *   reason that the enclave does not know), `answer_rejected` (the text breaks the enclave's output rules), `tier_mismatch` (another tier or
 *   another model answered).
 * - The provider failed: `PROVIDER_FAILURES`.
 * - No request was sent: `task_invalid` (the sealed task is not valid), `not_sent` (another reason).
 */
export const AGENT_ENDS = [
  'complete',
  'cut',
  'empty',
  'refused',
  'other',
  'answer_rejected',
  'task_invalid',
  'tier_mismatch',
  'not_sent',
  'rate',
  'quota',
  'funds',
  'key',
  'location',
  'model',
  'request',
  'overloaded',
  'server_error',
  'free_tier',
  'malformed',
  'lost',
  'timed_out',
] as const;
export type AgentEnd = (typeof AGENT_ENDS)[number];

/** The ends that the gateway reports as `provider_unavailable`, each as its `reason`. */
export const PROVIDER_FAILURES = [
  'rate',
  'quota',
  'funds',
  'key',
  'location',
  'model',
  'request',
  'overloaded',
  'server_error',
  'free_tier',
  'malformed',
  'lost',
  'timed_out',
] as const satisfies readonly AgentEnd[];
export type ProviderFailure = (typeof PROVIDER_FAILURES)[number];

export function isProviderFailure(end: string): end is ProviderFailure {
  return (PROVIDER_FAILURES as readonly string[]).includes(end);
}

/** The outcome that a person reads about their task, inside the seal. */
export const AGENT_OUTCOMES = [
  'complete',
  'cut',
  'empty',
  'refused',
  'answer_rejected',
  'task_invalid',
  'provider_failed',
] as const;
export type AgentOutcome = (typeof AGENT_OUTCOMES)[number];
