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
 * Returns whether the message was sent in spite of this error. Page and command tell people only this result. It relies on the
 * gateway's claims, because no enclave signs that a message was never stored.
 * @param error what `connect`, `send` or `resume` threw; any other error gives `not_known`
 */
export function whetherSent(error: unknown): WhetherSent {
  return error instanceof ClientError ? error.sent : 'not_known';
}

/**
 * Returns what the failure of one posting request proves. `not_sent` needs a clear refusal, a request that was never made,
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
  // Only for a task: an enclave had it, and may have asked the provider.
  if (problem === 'outcome_unknown') return 'not_known';
  return status < 500 || NOTHING_STORED.has(problem) ? 'not_sent' : 'not_known';
}

/** Returns the same as `sentByPost`, for a task. */
export function sentByTaskPost(error: unknown): WhetherSent {
  // An enclave may have had the task and asked the provider before it broke off.
  if (error instanceof ClientError && error.problem === 'enclave_unavailable') return 'not_known';
  return sentByPost(error);
}

/** Codes that the gateway gives only after it has looked up the message's id. */
const KNOWS_THE_ID = new Set(['message_id_taken', 'idempotency_key_reused']);

/**
 * Whether the gateway may have refused before it looked up the message's id. A browser whose connection breaks may
 * repeat the post on its own and show only the second answer (Chromium and Firefox do, although RFC 9110, section
 * 9.2.2, advises against it): then this refusal does not settle the first request. Does not apply to 401 and 403,
 * after which the gateway cannot be asked either.
 */
export function mayHideAnotherPost(error: unknown): boolean {
  if (!(error instanceof ClientError) || error.code !== 'refused') return false;
  const { status, problem = '' } = error;
  return status !== 401 && status !== 403 && !KNOWS_THE_ID.has(problem);
}

/** Whether the reason of a refusal is temporary, so that the same post, made a little earlier, may have been stored. */
export function isOfTheMoment(error: unknown): boolean {
  return error instanceof ClientError && (error.status === 429 || (error.status ?? 0) >= 500);
}

/** Combines two attempts: a refusal does not settle another attempt that had no answer. */
export function furthest(a: WhetherSent, b: WhetherSent): WhetherSent {
  return ORDER.indexOf(a) > ORDER.indexOf(b) ? a : b;
}
