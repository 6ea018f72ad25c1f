/** What the rule reads and writes of a message's job, apart from its lease. */
export interface JobState {
  /** There is a row in `delivery_job`. */
  readonly job: boolean;
  /** `dispatched_at` is set: something went out, and no trusted answer came. */
  readonly dispatched: boolean;
  /** A byte may have left a gateway. */
  readonly relayed: boolean;
}

/** What must hold for a step. `self` is the worker that makes it. */
export interface Guard {
  readonly job?: boolean;
  /** `own`: the lease is of self. `free`: there is none, or it ran out. */
  readonly lease?: 'own' | 'free';
  /** The lease of self has not run out. */
  readonly inTime?: true;
  readonly relayed?: boolean;
  /** What self found in `dispatched` when it leased the job. */
  readonly dispatchedBefore?: boolean;
  /** Verified receipts show that every office refused. */
  readonly allRefused?: true;
}

/** `before`: what self found when it leased the job, if that is lower. */
export type Written = boolean | 'before';

export interface Effect {
  readonly job?: boolean;
  /** true: leased by self. */
  readonly leased?: boolean;
  readonly dispatched?: Written;
  readonly relayed?: Written;
}

export interface Transition {
  /** The code that takes this step. */
  readonly code: string;
  readonly when: Guard;
  readonly then: Effect;
}

const QUEUE = 'apps/gateway/src/features/delivery/delivery-queue.ts';
const DECISION = 'apps/gateway/src/features/delivery/decision.ts';

/**
 * The steps of the delivery rule, stated once. The model takes its guards and effects from here (promela.ts), and a run's trace is replayed
 * against them (trace/check-trace.ts).
 */
export const TRANSITIONS = {
  accept: {
    code: 'prisma/sql/accept_messages.sql: INSERT INTO delivery_job',
    when: { job: false },
    then: { job: true, leased: false, dispatched: false, relayed: false },
  },
  lease: {
    code: `${QUEUE}: lease, DUE`,
    when: { job: true, lease: 'free' },
    then: { leased: true },
  },
  dispatch: {
    code: `${QUEUE}: dispatch`,
    when: { job: true, lease: 'own', inTime: true },
    then: { dispatched: true, relayed: true },
  },
  /** An interim receipt was verified, and no copy was withheld. */
  answered: {
    code: `${QUEUE}: retry; ${DECISION}: decideAnswer`,
    when: { job: true, lease: 'own' },
    then: { leased: false, dispatched: false },
  },
  /** The enclave did not take these bytes; it does not say what came of an earlier attempt. */
  untaken: {
    code: `${QUEUE}: retry; ${DECISION}: NOT_TAKEN`,
    when: { job: true, lease: 'own' },
    then: { leased: false, dispatched: 'before' },
  },
  /** The gateway's own connection failed. */
  unsent: {
    code: `${QUEUE}: retry; ${DECISION}: nothingSent`,
    when: { job: true, lease: 'own' },
    then: { leased: false, dispatched: 'before', relayed: 'before' },
  },
  /** No answer, one that cannot be trusted, or one with withheld copies. */
  unanswered: {
    code: `${QUEUE}: retry; ${DECISION}: dispatchStands`,
    when: { job: true, lease: 'own' },
    then: { leased: false },
  },
  release: {
    code: `${QUEUE}: release`,
    when: { job: true, lease: 'own' },
    then: { leased: false },
  },
  end: {
    code: `${QUEUE}: end`,
    when: { job: true, lease: 'own' },
    then: { job: false, leased: false },
  },
  /** The message ends with a problem, as not sent on; never as `unknown`. */
  endUnsent: {
    code: `${QUEUE}: end; ${DECISION}: decideFinalProblem`,
    when: { job: true, lease: 'own', dispatchedBefore: false },
    then: { job: false, leased: false },
  },
  /** Frees the nullifier, in the transaction that ended the message. */
  freeUnrelayed: {
    code: `${QUEUE}: end, DELETE FROM nullifier`,
    when: { job: false, relayed: false },
    then: {},
  },
  freeRefused: {
    code: `${QUEUE}: end, DELETE FROM nullifier`,
    when: { job: false, dispatchedBefore: false, allRefused: true },
    then: {},
  },
  keepNullifier: {
    code: `${QUEUE}: end, UPDATE nullifier`,
    when: { job: false, relayed: true },
    then: {},
  },
  /** An office has a copy. */
  copy: {
    code: 'apps/enclave/src/services/congress/cwc/congress.ts: deliver',
    when: { relayed: true },
    then: {},
  },
} as const satisfies Readonly<Record<string, Transition>>;

export type TransitionName = keyof typeof TRANSITIONS;
