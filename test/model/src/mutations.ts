import { CONFIGURATIONS, type Bounds } from './configurations';

export interface Mutation {
  /** The macro that leaves out the guard or effect. delivery.pml or promela.ts uses it. */
  readonly flag: string;
  readonly what: string;
  /** The comment of the assertion in delivery.pml that then fails. */
  readonly breaks: string;
  readonly bounds: Bounds;
}

const twoMessages = CONFIGURATIONS['a cap for one'].bounds;
const oneNullifier = CONFIGURATIONS['one nullifier, shared keys'].bounds;
/** One message is enough for most mutations, and makes the search faster. */
const sharedKeys: Bounds = { ...oneNullifier, MESSAGES: 1, REFUSALS: 0 };
const careless: Bounds = { ...sharedKeys, FORGETFUL: 1 };
const ownKeys: Bounds = { ...careless, SHARED_KEYS: 0 };
const oneMixed: Bounds = { ...CONFIGURATIONS['two offices'].bounds, REFUSALS: 0, FAULTS: 3 };
const oneCareless: Bounds = { ...CONFIGURATIONS['two careless offices'].bounds, REFUSALS: 0 };

/** Each mutation leaves out one guard or effect of the code. If no assertion then fails, that part is not needed or not modeled. */
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
    what: 'a gateway that was paused sends after its lease has ended',
    breaks: 'delivered, and said to be not sent',
    bounds: ownKeys,
  },
  {
    flag: 'WEAK_HEADER',
    what: 'the gateway does not tell the enclave that an earlier dispatch has no answer',
    breaks: 'two deliveries',
    bounds: careless,
  },
  {
    flag: 'WEAK_HEARSAY',
    what: 'the enclave sends a copy again that may have been sent, though the chamber does not de-duplicate',
    breaks: 'two deliveries',
    bounds: careless,
  },
  {
    flag: 'WEAK_OTHER_BYTES',
    what: 'an enclave that has the message as other sealed bytes answers for an attempt of another enclave',
    breaks: 'two deliveries',
    bounds: { ...careless, EXPIRY: 0, SEALED_AGAIN: 1 },
  },
  {
    flag: 'WEAK_WAITS_ANYHOW',
    what: 'an enclave that has the message as other sealed bytes ignores that another enclave settled the copy',
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
    what: 'a message ends as not sent, though an earlier dispatch has no answer',
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
    what: 'the nullifier is freed although it is unknown how the message ended',
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
    what: 'a failed connection uses up the nullifier',
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
    what: 'a copy counts as pending after a lost answer, though the chamber does not de-duplicate',
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
