import { houseOffices, senateOffices, type State } from './offices';

/** An API of Congress (Communicating With Congress, CWC 2.0) and the form of its office codes. */
export interface ChamberFacts {
  /** A name that fits after "the", such as "House". */
  readonly name: string;
  /** The form of CWC's MemberOffice, five characters. A code must not match two chambers. */
  readonly office: RegExp;
  /** The form in words, for people who type an office. */
  readonly officeForm: string;
  /** The codes of all offices of a state or territory, in ascending order. */
  readonly offices: (state: State) => string[];
  readonly production: { readonly origin: string; readonly messagePath: string };
  /** Congress's test server, which accepts documents and does not deliver them. */
  readonly test: { readonly origin: string; readonly messagePath: string };
  /** Where a vendor registers its source address. Null if our sources name no contact. */
  readonly vendorContact: string | null;
}

/**
 * Every chamber that messages can go to. The keys are those of the enclave's configuration (`services.congress.<key>`). CONTRIBUTING.md
 * ("How to add a chamber") lists the three other files to change.
 */
export const CHAMBERS = {
  house: {
    name: 'House',
    office: /^H[A-Z]{2}[0-9]{2}$/,
    officeForm: 'H, state, two digits of the district, as HCA12 (00 if the state has one seat)',
    offices: (state: State): string[] => houseOffices(state),
    production: { origin: 'https://cwc.house.gov', messagePath: '/v2/message' },
    test: { origin: 'https://uat-cwc.house.gov', messagePath: '/v2/message' },
    vendorContact: 'CWCVendors@mail.house.gov',
  },
  senate: {
    name: 'Senate',
    office: /^S[A-Z]{2}0[1-3]$/,
    officeForm: 'S, state, 0 and the class of the seat, as SCA01',
    offices: (state: State): string[] => senateOffices(state),
    production: { origin: 'https://soapbox.senate.gov', messagePath: '/api/production-messages/' },
    test: { origin: 'https://soapbox.senate.gov', messagePath: '/api/testing-messages/' },
    vendorContact: null,
  },
} as const satisfies Record<string, ChamberFacts>;

export type Chamber = keyof typeof CHAMBERS;

export const CHAMBER_KEYS = Object.keys(CHAMBERS) as readonly Chamber[];

export function chamberFacts(chamber: Chamber): ChamberFacts {
  return CHAMBERS[chamber];
}

export function forEachChamber<Value>(make: (chamber: Chamber) => Value): Record<Chamber, Value> {
  return Object.fromEntries(CHAMBER_KEYS.map((chamber) => [chamber, make(chamber)])) as Record<Chamber, Value>;
}

/** Checks only the form; `officeRefusal` decides whether the office exists. */
export function hasOfficeForm(value: string): boolean {
  return CHAMBER_KEYS.some((chamber) => CHAMBERS[chamber].office.test(value));
}

/** @throws RangeError for a text without the form of an office */
export function chamberOf(office: string): Chamber {
  const chamber = CHAMBER_KEYS.find((key) => CHAMBERS[key].office.test(office));
  if (chamber === undefined) throw new RangeError('not an office');
  return chamber;
}

/** Returns the name of the operator's secret that contains the chamber's API key. */
export function chamberSecret<C extends Chamber>(chamber: C): `cwc-${C}` {
  return `cwc-${chamber}`;
}
