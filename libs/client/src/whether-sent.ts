import { ClientError, type WhetherSent } from './errors';

const ORDER = ['not_sent', 'not_known', 'accepted'] as const satisfies readonly WhetherSent[];

/**
 * Codes of the gateway's 5xx answers that it gives before it stores anything. The others are not a clear no: `database_unavailable` may
 * hide a commit that went through, and nginx answers `overloaded` where the gateway broke off.
 */
const NOTHING_STORED = new Set([
  'emergency_stop',
  'enclave_unavailable',
  'identity_provider_unavailable',
  'shutting_down',
  'system_daily_limit_reached',
  'system_hourly_limit_reached',
]);

/**
 * Whether the message was sent, in spite of this error: the one decision behind what page and command tell a person. It rests on the
 * gateway's word, since no enclave signs that a message was never stored.
 * @param error what `connect`, `send` or `resume` threw; of anything else it is not known
 */
export function whetherSent(error: unknown): WhetherSent {
  return error instanceof ClientError ? error.sent : 'not_known';
}

/**
 * What one request that posted the message proves by how it failed. Only a clear no is `not_sent`: a request that was never made, or an
 * answer that the gateway gives where it stores nothing. No answer, half of one, 5xx of a proxy and 2xx that cannot be read are `not_known`.
 * @param error as `postMessage` throws it, before an abort hides it
 */
export function sentByPost(error: unknown): WhetherSent {
  if (!(error instanceof ClientError)) return 'not_known';
  const { code, status = 0, problem } = error;
  // The request could not be made.
  if (code === 'policy_invalid') return 'not_sent';
  if (code !== 'refused' || status < 400) return 'not_known';
  // A proxy's 408 may come after it has passed the request on; the gateway's own has a code.
  if (status < 500) return status === 408 && problem === undefined ? 'not_known' : 'not_sent';
  return problem !== undefined && NOTHING_STORED.has(problem) ? 'not_sent' : 'not_known';
}

/** Of several attempts: a later refusal tells nothing about an earlier one that had no answer. */
export function furthest(a: WhetherSent, b: WhetherSent): WhetherSent {
  return ORDER.indexOf(a) > ORDER.indexOf(b) ? a : b;
}
