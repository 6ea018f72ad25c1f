import type { MessageStatus, Outcome, ProblemCode, RelayAnswer } from '@communique-tee/protocol';
import { PROBLEMS } from '@communique-tee/protocol';
import type { EnclaveResult } from '../enclave/enclave-result';
import type { LeasedJob } from './leased-job';
import { copiesSent, endOf, type Outcomes } from './outcomes';

/** A relay answer whose receipt was verified. */
export interface TrustedAnswer {
  readonly answer: RelayAnswer;
  readonly outcomes: Outcomes;
}

export type EndStatus = Exclude<MessageStatus, 'queued' | 'delivering'>;

/** What a message costs: the price of each copy that an office has or may have, or the whole reservation if the copies are not known. */
export type Cost = { readonly copies: Outcomes } | 'reservation';

export type Decision =
  | {
      readonly kind: 'end';
      readonly status: EndStatus;
      readonly reason: string | null;
      readonly cost: Cost;
      readonly answer: RelayAnswer | null;
      /** Verified receipts show that every office refused the message, so no copy was delivered. */
      readonly allRefused?: true;
    }
  | {
      readonly kind: 'retry';
      readonly reason: string;
      readonly retryAfterSeconds: number | null;
      /** Whether a dispatch, of this attempt or an earlier one, is still without an answer. */
      readonly dispatchStands: boolean;
      /** The enclave had no keys yet: the attempt is not counted, and the next one follows soon. */
      readonly uncounted?: true;
      /** This attempt sent no byte, because the connection failed first or the lease may have ended. */
      readonly nothingSent?: true;
      readonly answer: RelayAnswer | null;
    };

/** Answers by which the enclave states that it did not take the message in this attempt. They tell nothing about earlier attempts. */
const NOT_TAKEN: ReadonlySet<ProblemCode> = new Set(['enclave_busy', 'shutting_down', 'keys_not_ready']);

/**
 * Answers by which the enclave states that it can never take these bytes. Its rules for proofs of residence are measured, so they do not
 * change while it has the key. `root_not_accepted` and `proof_invalid` are not in this list: the gateway accepted the same root and
 * proof, so the enclave's clock is behind or its verifier failed, and another attempt may succeed.
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

/**
 * Decides how the result of an attempt changes the job; README.md has a table of all cases.
 * @param interim the outcomes of the last interim receipt
 */
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

/** Call this for a message that has expired by the database's clock. */
export function decideExpired(job: LeasedJob, interim: Outcomes | null): Decision {
  return decideFinalProblem('message_expired', job, interim);
}

function decideAnswer({ answer, outcomes }: TrustedAnswer, interim: Outcomes | null): Decision {
  if (answer.state === 'pending') {
    const pending = outcomes.filter((outcome) => outcome === 'pending').length;
    // The enclave withheld every pending copy, because the gateway stated that an earlier attempt may have sent it. So each is charged.
    if (answer.withheld === pending) {
      const copies = outcomes.map((outcome) => (outcome === 'pending' ? 'unknown' : outcome));
      return { kind: 'end', status: 'unknown', reason: 'may_have_been_sent', cost: { copies }, answer };
    }
    return {
      kind: 'retry',
      reason: 'office_unreachable',
      retryAfterSeconds: answer.retryAfterSeconds,
      // The next attempt must state the earlier dispatch again, for the copies that the enclave withheld
      dispatchStands: answer.withheld > 0,
      answer,
    };
  }
  // `outcomes` is empty if the enclave opened the message and found no office in it. The interim receipt must show no sent copy either: it may
  // come from another enclave.
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
  // The enclave refuses the same bytes under the same key in every attempt, so no earlier attempt sent a copy.
  if (code === 'sealed_message_refused' && interim === null) return end('refused', { copies: [] });
  if (job.dispatchedBefore) return end('unknown', 'reservation');
  const sofar = interim ?? [];
  if (sofar.includes('unknown')) return end('unknown', { copies: sofar });
  if (code === 'message_expired') return end('expired', { copies: sofar });
  const arrived = sofar.some((outcome: Outcome) => outcome === 'accepted' || outcome === 'duplicate');
  const nothing = code === 'key_retired' ? 'key_retired' : 'refused';
  return end(arrived ? 'partially_delivered' : nothing, { copies: sofar });
}
