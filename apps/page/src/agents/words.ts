// Chooses the catalogue's text for each state of the help. Pure: the texts are parameters, so that specs can read them
// in each language.
import type { ModelOffer, TaskResult } from '@communique-tee/client';
import type { Catalogue } from '../text/text';
import type { Failure } from '../send/failure';

type Texts = Catalogue['agents'];

/** Names, which are the same in every language. */
const PROVIDERS: Readonly<Record<ModelOffer['provider'], string>> = {
  openai: 'OpenAI',
  gemini: 'Google',
  anthropic: 'Anthropic',
};

export function providerName({ provider }: Pick<ModelOffer, 'provider'>): string {
  return PROVIDERS[provider];
}

/** Maps each failure of a provider to the text that the page shows for it. */
const FAILURES: Readonly<Record<string, keyof Texts['provider']>> = {
  ...{ rate: 'busy', overloaded: 'busy', server_error: 'busy' },
  ...{ quota: 'account', funds: 'account', key: 'account', location: 'account', model: 'account', request: 'account' },
  ...{ free_tier: 'account', malformed: 'unusable', other: 'unusable', lost: 'lost', timed_out: 'lost' },
  not_sent: 'notSent',
};

/** Returns the heading that states how a task ended. */
export function outcomeWords(
  { outcome, problem }: Pick<TaskResult, 'outcome' | 'problem'>,
  isReview: boolean,
  { outcomes, provider }: Texts,
): string {
  if (outcome === 'provider_failed') return provider[FAILURES[problem ?? ''] ?? 'unusable'];
  return isReview && outcome === 'complete' ? outcomes.notes : outcomes[outcome];
}

const NO_ROOM: readonly string[] = [
  'database_unavailable',
  'enclave_busy',
  'enclave_timeout',
  'enclave_unavailable',
  'identity_provider_unavailable',
  'keys_not_ready',
  'overloaded',
  'shutting_down',
];

/**
 * Returns the sentence for a failure. It does not state whether anything was sent or charged.
 * @param send the texts whose `errors` has a sentence for every failure
 */
export function failureWords(
  { code, problem, status }: Pick<Failure, 'code' | 'problem' | 'status'>,
  { failures }: Texts,
  { errors }: Pick<Catalogue['send'], 'errors'>,
): string {
  if (status === 401) return errors.unauthenticated;
  if (problem !== undefined && Object.hasOwn(failures, problem)) return failures[problem as keyof typeof failures];
  if (problem === 'system_hourly_limit_reached' || problem === 'system_daily_limit_reached') return failures.full;
  if (problem !== undefined && NO_ROOM.includes(problem)) return failures.busy;
  if (problem === 'rate_limited' || status === 429) return errors.problems.rate_limited;
  if (problem === 'forbidden') return errors.problems.forbidden;
  if (status !== undefined && status >= 500) return failures.busy;
  return Object.hasOwn(failures, code) ? failures[code as keyof typeof failures] : errors[code];
}
