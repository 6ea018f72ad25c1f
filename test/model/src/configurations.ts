/** The macros with which delivery.pml is compiled. The head of delivery.pml explains each. */
export interface Bounds {
  readonly MESSAGES: 1 | 2;
  readonly OFFICES: 1 | 2;
  /** Bit o is set if the chamber of office o does not de-duplicate. */
  readonly FORGETFUL: 0 | 1 | 2 | 3;
  readonly SHARED_KEYS: 0 | 1;
  readonly PROVEN: 0 | 1;
  readonly CAP: number;
  readonly EXPIRY: 0 | 1;
  readonly REFUSALS: 0 | 1;
  readonly SEALED_AGAIN: 0 | 1;
  readonly FAULTS: number;
  readonly CRASHES: number;
}

export interface Configuration {
  readonly what: string;
  readonly bounds: Bounds;
}

const PLAIN: Bounds = {
  MESSAGES: 2,
  OFFICES: 1,
  FORGETFUL: 0,
  SHARED_KEYS: 1,
  PROVEN: 0,
  CAP: 2,
  EXPIRY: 1,
  REFUSALS: 1,
  SEALED_AGAIN: 0,
  FAULTS: 1,
  CRASHES: 1,
};

/**
 * In each configuration the model checker visits all states of two gateways and two enclaves. A configuration has two messages at the same
 * time, two messages one after the other (because a nullifier or a cap admits only one at a time), or one message with two offices.
 */
export const CONFIGURATIONS = {
  'two at once': {
    what: 'two messages without a nullifier, a cap for both, shared keys, a chamber that does not de-duplicate',
    bounds: { ...PLAIN, FORGETFUL: 1, REFUSALS: 0 },
  },
  'a cap for one': {
    what: 'a cap for one of two messages, shared keys, a chamber that does not de-duplicate',
    bounds: { ...PLAIN, FORGETFUL: 1, CAP: 1, FAULTS: 2 },
  },
  'one nullifier, shared keys': {
    what: 'two messages of one person, shared keys, a chamber that de-duplicates',
    bounds: { ...PLAIN, PROVEN: 1, FAULTS: 2 },
  },
  'one nullifier, careless chamber': {
    what: 'two messages of one person, shared keys, a chamber that does not de-duplicate',
    bounds: { ...PLAIN, PROVEN: 1, FORGETFUL: 1, FAULTS: 2 },
  },
  'one nullifier, own keys': {
    what: 'two messages of one person, keys of a process, a chamber that does not de-duplicate',
    bounds: { ...PLAIN, PROVEN: 1, FORGETFUL: 1, SHARED_KEYS: 0, FAULTS: 1, CRASHES: 2 },
  },
  'own keys': {
    what: 'a cap for one of two messages, keys of a process, a chamber that de-duplicates',
    bounds: { ...PLAIN, SHARED_KEYS: 0, CAP: 1, FAULTS: 2 },
  },
  'two offices': {
    what: 'one message to an office that de-duplicates and one that does not, shared keys',
    bounds: { ...PLAIN, MESSAGES: 1, OFFICES: 2, FORGETFUL: 2, PROVEN: 1, FAULTS: 2 },
  },
  'two careless offices': {
    what: 'one message to two offices that do not de-duplicate, shared keys',
    bounds: { ...PLAIN, MESSAGES: 1, OFFICES: 2, FORGETFUL: 3, PROVEN: 1, FAULTS: 2 },
  },
  'sealed again': {
    what: 'one message to two offices that do not de-duplicate, shared keys; one enclave remembers the message under other bytes',
    bounds: { ...PLAIN, MESSAGES: 1, OFFICES: 2, FORGETFUL: 3, SEALED_AGAIN: 1, FAULTS: 2 },
  },
} as const satisfies Readonly<Record<string, Configuration>>;

export type ConfigurationName = keyof typeof CONFIGURATIONS;

/** Small configurations, one for each custody, in which the model checker searches for runs that never end. */
export const ENDING: Readonly<Record<string, Configuration>> = {
  'shared keys': { what: 'two messages of one person', bounds: { ...PLAIN, PROVEN: 1 } },
  'own keys': { what: 'a cap for one of two messages', bounds: { ...PLAIN, SHARED_KEYS: 0, CAP: 1 } },
};
