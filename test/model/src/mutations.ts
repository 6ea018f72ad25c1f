import { CONFIGURATIONS, type Bounds } from './configurations';

export interface Mutation {
  /** The macro that leaves the guard or effect out, defined in delivery.pml or promela.ts. */
  readonly flag: string;
  readonly what: string;
  /** The comment beside the assertion of delivery.pml that fails. */
  readonly breaks: string;
  readonly bounds: Bounds;
}

const twoMessages = CONFIGURATIONS['a cap for one'].bounds;
const oneNullifier = CONFIGURATIONS['one nullifier, shared keys'].bounds;
/** For most mutations one message is enough, and a smaller search is faster. */
const sharedKeys: Bounds = { ...oneNullifier, MESSAGES: 1, REFUSALS: 0 };
const careless: Bounds = { ...sharedKeys, FORGETFUL: 1 };
const ownKeys: Bounds = { ...careless, SHARED_KEYS: 0 };
const oneMixed: Bounds = { ...CONFIGURATIONS['two offices'].bounds, REFUSALS: 0, FAULTS: 3 };
const oneCareless: Bounds = { ...CONFIGURATIONS['two careless offices'].bounds, REFUSALS: 0 };

/** Each mutation leaves out one guard or effect of the code. Without a counterexample, that part is not needed or not modeled. */
export const MUTATIONS: readonly Mutation[] = [
  {
    flag: 'WEAK_ACCEPT_ID',
    what: 'a message that ended is accepted again under its id',
    breaks: 'delivered, and never dispatched',
    bounds: { ...careless, PROVEN: 0 },
  },
  {
    flag: 'WEAK_ACCEPT_NULLIFIER',
    what: 'a nullifier admits a second message',
    breaks: 'a nullifier used up, and nothing left the gateway',
    bounds: oneNullifier,
  },
  { flag: 'WEAK_ACCEPT_CAP', what: 'the cap is not checked', breaks: 'above the cap', bounds: twoMessages },
  {
    flag: 'WEAK_202_BEFORE_COMMIT',
    what: '202 is sent before the commit',
    breaks: 'accepted, and never ended',
    bounds: careless,
  },
  {
    flag: 'WEAK_lease_lease',
    what: 'a job is leased while another worker has it',
    breaks: 'not known, without a fault',
    bounds: careless,
  },
  {
    flag: 'WEAK_LEASE_END',
    what: 'a lease does not run out',
    breaks: 'accepted, and never ended',
    bounds: careless,
  },
  {
    flag: 'WEAK_dispatch_lease',
    what: 'a worker dispatches without its lease',
    breaks: 'delivered, and never dispatched',
    bounds: careless,
  },
  {
    flag: 'SKIP_dispatch_dispatched',
    what: 'the dispatch is not recorded before the bytes are sent',
    breaks: 'delivered, and said to be not sent',
    bounds: careless,
  },
  {
    flag: 'SKIP_dispatch_relayed',
    what: 'the database does not record that bytes may have left the gateway',
    breaks: 'delivered, and never dispatched',
    bounds: sharedKeys,
  },
  {
    flag: 'WEAK_SEND',
    what: 'a gateway that was stopped sends after its lease',
    breaks: 'delivered, and said to be not sent',
    bounds: ownKeys,
  },
  {
    flag: 'WEAK_HEADER',
    what: 'the gateway does not tell the enclave of a standing dispatch',
    breaks: 'two deliveries',
    bounds: careless,
  },
  {
    flag: 'WEAK_HEARSAY',
    what: 'the enclave sends what may have been sent to a chamber that does not de-duplicate',
    breaks: 'two deliveries',
    bounds: careless,
  },
  {
    flag: 'WEAK_OTHER_BYTES',
    what: 'an enclave that waits with a copy under other bytes answers for an attempt of another enclave',
    breaks: 'two deliveries',
    bounds: { ...careless, EXPIRY: 0, SEALED_AGAIN: 1 },
  },
  {
    flag: 'WEAK_WAITS_ANYHOW',
    what: 'an enclave that waits with a copy under other bytes ignores that another enclave settled the copy',
    breaks: 'two deliveries',
    bounds: { ...oneCareless, SEALED_AGAIN: 1 },
  },
  {
    flag: 'WEAK_INTERIM',
    what: 'the gateway does not tell the enclave of an interim receipt',
    breaks: 'two deliveries',
    bounds: oneCareless,
  },
  {
    flag: 'WEAK_WITHHELD',
    what: 'an answer with a withheld copy clears the dispatch',
    breaks: 'delivered, and said to be not sent',
    bounds: oneMixed,
  },
  {
    flag: 'WEAK_UNANSWERED',
    what: 'an attempt without an answer clears the dispatch',
    breaks: 'delivered, and said to be not sent',
    bounds: careless,
  },
  {
    flag: 'WEAK_answered_lease',
    what: 'an answer is written without the lease',
    breaks: 'two deliveries',
    bounds: careless,
  },
  {
    flag: 'WEAK_unsent_lease',
    what: 'a failed connection is written without the lease',
    breaks: 'delivered, and never dispatched',
    bounds: { ...sharedKeys, FAULTS: 3, CRASHES: 0 },
  },
  {
    flag: 'WEAK_end_lease',
    what: 'a message is ended without the lease',
    breaks: 'delivered, and said to be not sent',
    bounds: sharedKeys,
  },
  {
    flag: 'WEAK_endUnsent_dispatchedBefore',
    what: 'a message ends as not sent despite a standing dispatch',
    breaks: 'delivered, and said to be not sent',
    bounds: careless,
  },
  {
    flag: 'WEAK_SETTLE_LATER',
    what: 'the budget is settled in a separate transaction',
    breaks: 'promised and never settled',
    bounds: careless,
  },
  {
    flag: 'WEAK_FREE_NOT_KNOWN',
    what: 'the nullifier of a message whose end is not known is freed',
    breaks: 'delivered, and the nullifier is free',
    bounds: sharedKeys,
  },
  {
    flag: 'WEAK_FREE_UNRELAYED',
    what: 'the nullifier of a message that never left the gateway is kept',
    breaks: 'a nullifier used up, and nothing left the gateway',
    bounds: sharedKeys,
  },
  {
    flag: 'SKIP_unsent_relayed',
    what: 'a connection that failed uses up the nullifier',
    breaks: 'a nullifier used up, and nothing left the gateway',
    bounds: sharedKeys,
  },
  {
    flag: 'WEAK_MEMORY',
    what: 'the enclave does not remember a delivery that ended',
    breaks: 'two deliveries',
    bounds: ownKeys,
  },
  {
    flag: 'WEAK_NOT_KNOWN',
    what: 'a lost answer of a chamber that does not de-duplicate counts as pending',
    breaks: 'delivered, and said to be not sent',
    bounds: ownKeys,
  },
];

/** An assumption that the code does not enforce. docs/delivery-model.md says what happens without it. */
export const ASSUMPTION: Mutation = {
  flag: 'LATE_REQUESTS',
  what: 'a request reaches its enclave later than the shortest wait of a pending copy',
  breaks: 'delivered, and said to be not sent',
  bounds: { ...ownKeys, CRASHES: 2 },
};
