import { HOUSE_OFFICES, SENATE_OFFICES } from './offices';

export type Action = 'message' | 'validate' | 'offices';

/**
 * The simulator's own table of chambers, written from their schemas and documents. The table shares nothing with the code under test, which
 * it judges. `memberOffice` is a pattern of XML Schema, which matches whole values; only there the chambers' schemas differ. `offices` lists
 * the offices that exist, which are fewer than the schema accepts.
 */
export const SIMULATED_CHAMBERS = {
  house: {
    memberOffice: 'H[A-Z][A-Z][0-9][0-9]',
    offices: HOUSE_OFFICES,
    paths: { '/v2/message': 'message', '/v2/validate': 'validate', '/v2/offices': 'offices' },
    /** Tests post messages to this path. */
    messagePath: '/v2/message',
  },
  senate: {
    memberOffice: 'S[A-Z][A-Z]0[1-3]',
    offices: SENATE_OFFICES,
    paths: {
      '/api/testing-messages/': 'message',
      '/api/production-messages/': 'message',
      '/api/active_offices': 'offices',
    },
    messagePath: '/api/testing-messages/',
  },
} as const satisfies Record<
  string,
  { memberOffice: string; offices: readonly string[]; paths: Readonly<Record<string, Action>>; messagePath: string }
>;

export type Chamber = keyof typeof SIMULATED_CHAMBERS;

export const SIMULATED_CHAMBER_KEYS = Object.keys(SIMULATED_CHAMBERS) as [Chamber, ...Chamber[]];

/** Returns an object with a value for each chamber, by the chamber's key. */
export function forEachChamber<Value>(make: (chamber: Chamber) => Value): Record<Chamber, Value> {
  return Object.fromEntries(SIMULATED_CHAMBER_KEYS.map((chamber) => [chamber, make(chamber)])) as Record<
    Chamber,
    Value
  >;
}
