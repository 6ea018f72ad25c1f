import { ClientError, type WhetherSent } from './errors';

const ORDER = ['not_sent', 'not_known', 'accepted'] as const satisfies readonly WhetherSent[];

/**
 * Codes of the gateway's 5xx answers that it gives before it stores anything. The others are not a clear no: `database_unavailable` may
 * hide a commit that went through, and nginx answers `overloaded` if the gateway broke off.
 */
const NOTHING_STORED = new Set([
  'emergency_stop',
  'enclave_unavailable',
  'identity_provider_unavailable',
  'model_off',
  'shutting_down',
  'system_daily_limit_reached',
  'system_hourly_limit_reached',
  'residence_disagrees',
  'verifier_busy',
]);

/**
 * Whether the message was sent, in spite of this error: the one decision behind what page and command tell a person. It rests on the
 * gateway's word, since no enclave signs that a message was never stored.
 * @param error what `connect`, `send` or `resume` threw; any other error gives `not_known`
 */
export function whetherSent(error: unknown): WhetherSent {
  return error instanceof ClientError ? error.sent : 'not_known';
}

/**
 * What the failure of one posting request proves. Only a clear refusal is `not_sent`: a request that was never made,
 * or an answer that the gateway gives only without storing the message. No answer, half of one, 5xx of a proxy and
 * 2xx that cannot be read are `not_known`.
 * @param error as `postMessage` throws it, before an abort hides it
 */
export function sentByPost(error: unknown): WhetherSent {
  if (!(error instanceof ClientError)) return 'not_known';
  const { code, status = 0, problem } = error;
  // The request could not be made.
  if (code === 'policy_invalid') return 'not_sent';
  if (code !== 'refused' || status < 400) return 'not_known';
  // A proxy may have passed the request on before it answered; the gateway's own refusals have a code.
  if (problem === undefined) return 'not_known';
  // Of a task: an enclave had it, and may have asked the provider.
  if (problem === 'outcome_unknown') return 'not_known';
  return status < 500 || NOTHING_STORED.has(problem) ? 'not_sent' : 'not_known';
}

/** The gateway gives these after it has looked the message's id up. */
const KNOWS_THE_ID = new Set(['message_id_taken', 'idempotency_key_reused']);

/**
 * Whether the gateway may have refused before it looked the message's id up. A browser whose connection breaks may
 * repeat the post on its own and show only the second answer (Chromium and Firefox do, although RFC 9110, section
 * 9.2.2, advises against it): then this refusal does not settle the first request. Does not apply to 401 and 403,
 * after which the gateway cannot be asked either.
 */
export function mayHideAnotherPost(error: unknown): boolean {
  if (!(error instanceof ClientError) || error.code !== 'refused') return false;
  const { status, problem = '' } = error;
  return status !== 401 && status !== 403 && !KNOWS_THE_ID.has(problem);
}

/** A refusal of the moment: the same post, made a little earlier, may have been stored. */
export function isOfTheMoment(error: unknown): boolean {
  return error instanceof ClientError && (error.status === 429 || (error.status ?? 0) >= 500);
}

/** Of several attempts: a later refusal does not settle an earlier attempt without an answer. */
export function furthest(a: WhetherSent, b: WhetherSent): WhetherSent {
  return ORDER.indexOf(a) > ORDER.indexOf(b) ? a : b;
}
