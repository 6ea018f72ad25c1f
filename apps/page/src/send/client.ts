// The client library, and the failures that this page shows for its errors.
import { ClientError, combineWhetherSent, whetherSent, type WhetherSent } from '@communique-tee/client';
import { ownFailure, type Failure } from './failure';

export { connect } from '@communique-tee/client';

/**
 * Returns the failure that the page shows for an error of the client library.
 * @param before what was known before this attempt. If an earlier attempt got no answer, a refusal of this one does not settle it.
 */
export function failureOf(error: unknown, before: WhetherSent, nowMs: number): Failure {
  const sent = combineWhetherSent(before, whetherSent(error));
  if (!(error instanceof ClientError)) return { ...ownFailure(error, before), sent };
  const { code, problem, status, reason, problems, retryAfterSeconds } = error;
  return {
    code,
    problem,
    status,
    reason,
    problems,
    retryAtMs: retryAfterSeconds === undefined ? undefined : nowMs + retryAfterSeconds * 1000,
    sent,
  };
}
