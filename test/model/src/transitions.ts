/** The state of a message's job that the delivery rule reads and writes, without the lease. */
export interface JobState {
  /** Whether there is a row in `delivery_job`. */
  readonly job: boolean;
  /** Whether `dispatched_at` is set: bytes may have been sent, and no trusted answer came. */
  readonly dispatched: boolean;
  /** Whether a byte may have left a gateway. */
  readonly relayed: boolean;
}

/** The conditions of a step. `self` is the worker that makes the step. */
export interface Guard {
  readonly job?: boolean;
  /** `own`: self has the lease. `free`: no worker has a lease, or the lease ran out. */
  readonly lease?: 'own' | 'free';
  /** Self's lease has not run out. */
  readonly inTime?: true;
  readonly relayed?: boolean;
  /** The value of `dispatched` that self found when it leased the job. */
  readonly dispatchedBefore?: boolean;
  /** Verified receipts show that every office refused. */
  readonly allRefused?: true;
}

/** The value that a step writes. `before`: false if self found false when it leased the job; otherwise the value stays. */
export type Written = boolean | 'before';

export interface Effect {
  readonly job?: boolean;
  /** True: self has the lease afterwards. False: no worker has it. */
  readonly leased?: boolean;
  readonly dispatched?: Written;
  readonly relayed?: Written;
}

export interface Transition {
  /** The code that makes this step. */
  readonly code: string;
  readonly when: Guard;
  readonly then: Effect;
}

const QUEUE = 'apps/gateway/src/features/delivery/delivery-queue.ts';
const DECISION = 'apps/gateway/src/features/delivery/decision.ts';

/**
 * The steps of the delivery rule. The model gets its guards and effects from this table (promela.ts), and the trace of a run is compared
 * with it (trace/check-trace.ts).
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
  /** The enclave did not accept these bytes. An earlier attempt may have sent copies. */
  untaken: {
    code: `${QUEUE}: retry; ${DECISION}: NOT_TAKEN`,
    when: { job: true, lease: 'own' },
    then: { leased: false, dispatched: 'before' },
  },
  /** The gateway could not connect to the enclave. */
  unsent: {
    code: `${QUEUE}: retry; ${DECISION}: nothingSent`,
    when: { job: true, lease: 'own' },
    then: { leased: false, dispatched: 'before', relayed: 'before' },
  },
  /** No answer came, or an answer that cannot be trusted, or one with withheld copies. */
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
  /** The message ends with a problem instead of `unknown`, because no copy was sent. */
  endUnsent: {
    code: `${QUEUE}: end; ${DECISION}: decideFinalProblem`,
    when: { job: true, lease: 'own', dispatchedBefore: false },
    then: { job: false, leased: false },
  },
  /** The nullifier is freed in the transaction that ends the message. */
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
  /** An office gets a copy. */
  copy: {
    code: 'apps/enclave/src/services/congress/cwc/congress.ts: deliver',
    when: { relayed: true },
    then: {},
  },
} as const satisfies Readonly<Record<string, Transition>>;

export type TransitionName = keyof typeof TRANSITIONS;
