import { ClientError, type WhetherSent } from './errors';

const ORDER = ['not_sent', 'not_known', 'accepted'] as const satisfies readonly WhetherSent[];

/**
 * Codes of 5xx answers that the gateway gives only before it stores anything. After other 5xx codes the message may be stored:
 * `database_unavailable` can follow a commit, and nginx answers `overloaded` if its connection to the gateway breaks.
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
 * Returns whether the message was sent in spite of this error. It relies on the gateway's claims, because no enclave signs that a message
 * was never stored.
 * @param error what `connect`, `send` or `resume` threw; any other error gives `not_known`
 */
export function whetherSent(error: unknown): WhetherSent {
  return error instanceof ClientError ? error.sent : 'not_known';
}

/**
 * Returns what the failure of one post proves. It is `not_sent` if the request was never made, or if the gateway's refusal proves that
 * it stored nothing. It is `not_known` after no answer, half an answer, a refusal by a proxy, or a 2xx that cannot be read.
 * @param error the error of `postMessage` itself, not the `aborted` error that `asClientError` returns after an abort
 */
export function sentByPost(error: unknown): WhetherSent {
  if (!(error instanceof ClientError)) return 'not_known';
  const { code, status = 0, problem } = error;
  // The request could not be made.
  if (code === 'policy_invalid') return 'not_sent';
  if (code !== 'refused' || status < 400) return 'not_known';
  // A refusal without a problem code is a proxy's. The proxy may have passed the request on before it answered.
  if (problem === undefined) return 'not_known';
  // The gateway gives this code only for a task: an enclave had the task, and may have asked the provider.
  if (problem === 'outcome_unknown') return 'not_known';
  return status < 500 || NOTHING_STORED.has(problem) ? 'not_sent' : 'not_known';
}

/** Like `sentByPost`, for a task. */
export function sentByTaskPost(error: unknown): WhetherSent {
  // The enclave may have asked the provider before the connection to it broke.
  if (error instanceof ClientError && error.problem === 'enclave_unavailable') return 'not_known';
  return sentByPost(error);
}

/** Codes that the gateway gives only after it has looked up the message's id. */
const KNOWS_THE_ID = new Set(['message_id_taken', 'idempotency_key_reused']);

/**
 * Whether this refusal may hide an earlier post of the same message. When a connection breaks, Chromium and Firefox may repeat the post on
 * their own and show only the second answer, although RFC 9110, section 9.2.2, advises against it. If the gateway refused the second post
 * before it looked up the message's id, the first post may be stored.
 * Returns false for 401 and 403: the gateway would also refuse to tell whether it has the message.
 */
export function mayHideAnotherPost(error: unknown): boolean {
  if (!(error instanceof ClientError) || error.code !== 'refused') return false;
  const { status, problem = '' } = error;
  return status !== 401 && status !== 403 && !KNOWS_THE_ID.has(problem);
}

/** Whether the reason of a refusal is temporary. Then the gateway may have stored the same post a moment earlier. */
export function isOfTheMoment(error: unknown): boolean {
  return error instanceof ClientError && (error.status === 429 || (error.status ?? 0) >= 500);
}

/** Combines two attempts. If one was refused and the other got no answer, the result is `not_known`. */
export function combineWhetherSent(a: WhetherSent, b: WhetherSent): WhetherSent {
  return ORDER.indexOf(a) > ORDER.indexOf(b) ? a : b;
}
