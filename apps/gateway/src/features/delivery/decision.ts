import type { MessageStatus, Outcome, ProblemCode, RelayAnswer } from '@communique-tee/protocol';
import { PROBLEMS } from '@communique-tee/protocol';
import type { EnclaveResult } from '../enclave/enclave-result';
import type { LeasedJob } from './leased-job';
import { copiesSent, endOf, type Outcomes } from './outcomes';

/** A relay answer whose receipt was verified, with what that receipt says. */
export interface TrustedAnswer {
  readonly answer: RelayAnswer;
  readonly outcomes: Outcomes;
}

export type EndStatus = Exclude<MessageStatus, 'queued' | 'delivering'>;

/** What a message comes to: so many copies sent, or, where nobody knows, all that was reserved. */
export type Cost = { readonly copies: Outcomes } | 'reservation';

export type Decision =
  | {
      readonly kind: 'end';
      readonly status: EndStatus;
      readonly reason: string | null;
      readonly cost: Cost;
      readonly answer: RelayAnswer | null;
      /** Verified receipts show that every office refused it, and none that one may have it: nothing of it was delivered. */
      readonly allRefused?: true;
    }
  | {
      readonly kind: 'retry';
      readonly reason: string;
      readonly retryAfterSeconds: number | null;
      /** Whether what went out, now or before, is still without an answer. */
      readonly dispatchStands: boolean;
      /** The enclave could not have taken it: the attempt is not counted, and the next one is soon. */
      readonly uncounted?: true;
      /** This attempt sent nothing, as this gateway's own connection shows. */
      readonly nothingSent?: true;
      readonly answer: RelayAnswer | null;
    };

/** Answers by which the enclave says that it did not take what was sent just now. What an earlier attempt came to they do not say. */
const NOT_TAKEN: ReadonlySet<ProblemCode> = new Set(['enclave_busy', 'shutting_down', 'keys_not_ready']);

/**
 * Answers by which the enclave says that it cannot take these bytes now or ever. What it takes of proofs of residence is measured, and
 * cannot change under a key that it holds. `root_not_accepted` and `proof_invalid` are not among them: the gateway found the same root
 * and proof good, so the enclave's clock is behind or its verifier failed, and another attempt may be taken.
 */
const FINAL = [
  'key_retired',
  'sealed_message_refused',
  'message_expired',
  'suite_unsupported',
  'malformed_body',
  'residence_required',
  'residence_not_open',
  'circuit_retired',
] as const satisfies readonly ProblemCode[];
type FinalProblem = (typeof FINAL)[number];
const isFinal = (code: ProblemCode): code is FinalProblem => (FINAL as readonly ProblemCode[]).includes(code);

/** From an attempt's result to what is written. `interim`: the outcomes of the last interim receipt, if any. README.md has the same as a table. */
export function decide(
  job: LeasedJob,
  interim: Outcomes | null,
  result: Exclude<EnclaveResult<never>, { kind: 'answer' }> | { kind: 'answer'; trusted: TrustedAnswer },
): Decision {
  if (result.kind === 'answer') return decideAnswer(result.trusted, interim);
  if (result.kind === 'unreachable') {
    const reason = result.code === 'ETIMEDOUT' && result.sent ? 'enclave_timeout' : 'enclave_unavailable';
    return {
      kind: 'retry',
      reason,
      retryAfterSeconds: null,
      dispatchStands: result.sent || job.dispatchedBefore,
      ...(!result.sent && { nothingSent: true }),
      answer: null,
    };
  }
  const { code, retryAfterSeconds } = result;
  if (isFinal(code)) return decideFinalProblem(code, job, interim);
  const notTaken = NOT_TAKEN.has(code) || PROBLEMS[code].status < 500;
  const retry = {
    kind: 'retry',
    reason: code,
    retryAfterSeconds,
    dispatchStands: job.dispatchedBefore || !notTaken,
    answer: null,
  } as const;
  return code === 'keys_not_ready' ? { ...retry, uncounted: true } : retry;
}

/** The message's time is over by the database's clock; nothing is sent any more. */
export function decideExpired(job: LeasedJob, interim: Outcomes | null): Decision {
  return decideFinalProblem('message_expired', job, interim);
}

function decideAnswer({ answer, outcomes }: TrustedAnswer, interim: Outcomes | null): Decision {
  if (answer.state === 'pending') {
    const pending = outcomes.filter((outcome) => outcome === 'pending').length;
    // Our own word is all there is for what is left: no enclave signs it, and it is paid as if it had been sent
    if (answer.withheld === pending) {
      const copies = outcomes.map((outcome) => (outcome === 'pending' ? 'unknown' : outcome));
      return { kind: 'end', status: 'unknown', reason: 'may_have_been_sent', cost: { copies }, answer };
    }
    return {
      kind: 'retry',
      reason: 'office_unreachable',
      retryAfterSeconds: answer.retryAfterSeconds,
      // Said again with the next attempt, for the copies that it kept back
      dispatchStands: answer.withheld > 0,
      answer,
    };
  }
  // None at all: the enclave opened it and would send it to no office. An earlier receipt is as good as this one: it may be another enclave's
  const allRefused = outcomes.every((outcome) => outcome === 'refused') && copiesSent(interim ?? []) === 0;
  return {
    kind: 'end',
    status: endOf(outcomes),
    reason: null,
    cost: { copies: outcomes },
    answer,
    ...(allRefused && { allRefused }),
  };
}

function decideFinalProblem(code: FinalProblem, job: LeasedJob, interim: Outcomes | null): Decision {
  const end = (status: EndStatus, cost: Cost): Decision => ({ kind: 'end', status, reason: code, cost, answer: null });
  // The same bytes under the same key are refused the same way whenever they are opened: nothing of them was ever sent on.
  if (code === 'sealed_message_refused' && interim === null) return end('refused', { copies: [] });
  if (job.dispatchedBefore) return end('unknown', 'reservation');
  const sofar = interim ?? [];
  if (sofar.includes('unknown')) return end('unknown', { copies: sofar });
  if (code === 'message_expired') return end('expired', { copies: sofar });
  const arrived = sofar.some((outcome: Outcome) => outcome === 'accepted' || outcome === 'duplicate');
  const nothing = code === 'key_retired' ? 'key_retired' : 'refused';
  return end(arrived ? 'partially_delivered' : nothing, { copies: sofar });
}
