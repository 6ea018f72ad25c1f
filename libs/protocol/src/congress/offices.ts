/**
 * Every seat in Congress, by state and territory: the number of House seats, and the classes of the two Senate seats.
 * A code belongs to the seat, so the table names no persons. docs/message.md ("Offices") explains how to update it.
 *
 * On OFFICES_AS_OF we compared these rows with public copies of these sources:
 * - House: the apportionment after the 2020 census (2 U.S.C. 2a; Census Bureau, 2020 Census Apportionment Results,
 *   table 1), in force since 3 January 2023. The next apportionment takes effect on 3 January 2033. A new map of districts
 *   within a state changes no code.
 * - Seats without a vote: delegates of DC (2 U.S.C. 25a), GU and VI (48 U.S.C. 1711), AS (48 U.S.C. 1731) and MP (48
 *   U.S.C. 1751), and the Resident Commissioner of PR (48 U.S.C. 891).
 * - Senate: two seats for each state (17th Amendment) in two of the three classes (Article I, section 3, clause 2;
 *   senate.gov, "Class I", "Class II", "Class III").
 */
export const OFFICES_AS_OF = '2026-11-29';

const SEATS = {
  AK: [1, 2, 3],
  AL: [7, 2, 3],
  AR: [4, 2, 3],
  AS: [1],
  AZ: [9, 1, 3],
  CA: [52, 1, 3],
  CO: [8, 2, 3],
  CT: [5, 1, 3],
  DC: [1],
  DE: [1, 1, 2],
  FL: [28, 1, 3],
  GA: [14, 2, 3],
  GU: [1],
  HI: [2, 1, 3],
  IA: [4, 2, 3],
  ID: [2, 2, 3],
  IL: [17, 2, 3],
  IN: [9, 1, 3],
  KS: [4, 2, 3],
  KY: [6, 2, 3],
  LA: [6, 2, 3],
  MA: [9, 1, 2],
  MD: [8, 1, 3],
  ME: [2, 1, 2],
  MI: [13, 1, 2],
  MN: [8, 1, 2],
  MO: [8, 1, 3],
  MP: [1],
  MS: [4, 1, 2],
  MT: [2, 1, 2],
  NC: [14, 2, 3],
  ND: [1, 1, 3],
  NE: [3, 1, 2],
  NH: [2, 2, 3],
  NJ: [12, 1, 2],
  NM: [3, 1, 2],
  NV: [4, 1, 3],
  NY: [26, 1, 3],
  OH: [15, 1, 3],
  OK: [5, 2, 3],
  OR: [6, 2, 3],
  PA: [17, 1, 3],
  PR: [1],
  RI: [2, 1, 2],
  SC: [7, 2, 3],
  SD: [1, 2, 3],
  TN: [9, 1, 2],
  TX: [38, 1, 2],
  UT: [4, 1, 3],
  VA: [11, 1, 2],
  VI: [1],
  VT: [1, 1, 3],
  WA: [10, 1, 3],
  WI: [8, 1, 3],
  WV: [2, 1, 2],
  WY: [1, 1, 2],
} as const satisfies Record<string, readonly [houseSeats: number, ...senateClasses: number[]]>;

/** The states and territories that have an office, by postal code. The CWC schema's StateAbbreviation lists the same 56. */
export type State = keyof typeof SEATS;
export const STATES = Object.keys(SEATS) as [State, ...State[]];

export function isState(value: unknown): value is State {
  return typeof value === 'string' && Object.hasOwn(SEATS, value);
}

/**
 * Returns H, the state, and two digits of the district. The district is 00 for a state's only seat, a delegate and the Resident
 * Commissioner. American Samoa is AQ, as in the Clerk's lists: the CWC schema does not define its code, and public clients of
 * CWC use AQ.
 */
export function houseOffice(state: State, district: number): string {
  return `H${state === 'AS' ? 'AQ' : state}${String(district).padStart(2, '0')}`;
}

export function houseOffices(state: State): string[] {
  const seats: number = SEATS[state][0];
  return seats === 1 ? [houseOffice(state, 0)] : Array.from({ length: seats }, (_, at) => houseOffice(state, at + 1));
}

/** Returns codes such as `SCA01`: S, the state, 0 and the seat's class. */
export function senateOffices(state: State): string[] {
  const [, ...classes] = SEATS[state];
  return classes.map((senateClass) => `S${state}0${String(senateClass)}`);
}
