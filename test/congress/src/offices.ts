/**
 * The simulator's own list of the offices that exist, as of 29 November 2026. It shares nothing with the code under test, and was written
 * from other sources: the Census Bureau's table of the 2020 apportionment (here by number of seats) and the Senate's three lists of
 * classes.
 */
const STATES_BY_SEATS: Readonly<Record<number, string>> = {
  52: 'CA',
  38: 'TX',
  28: 'FL',
  26: 'NY',
  17: 'IL PA',
  15: 'OH',
  14: 'GA NC',
  13: 'MI',
  12: 'NJ',
  11: 'VA',
  10: 'WA',
  9: 'AZ IN MA TN',
  8: 'CO MD MN MO WI',
  7: 'AL SC',
  6: 'KY LA OR',
  5: 'CT OK',
  4: 'AR IA KS MS NV UT',
  3: 'NE NM',
  2: 'HI ID ME MT NH RI WV',
};
/** The places with one seat: six states, five delegates and the Resident Commissioner. AQ is American Samoa. */
const WHOLE_STATES = 'AK DE ND SD VT WY AQ DC GU MP PR VI';

const STATES_BY_CLASS: Readonly<Record<number, string>> = {
  1: 'AZ CA CT DE FL HI IN MA MD ME MI MN MO MS MT ND NE NJ NM NV NY OH PA RI TN TX UT VA VT WA WI WV WY',
  2: 'AK AL AR CO DE GA IA ID IL KS KY LA MA ME MI MN MS MT NC NE NH NJ NM OK OR RI SC SD TN TX VA WV WY',
  3: 'AK AL AR AZ CA CO CT FL GA HI IA ID IL IN KS KY LA MD MO NC ND NH NV NY OH OK OR PA SC SD UT VT WA WI',
};

const code = (chamber: string, state: string, number: number): string =>
  `${chamber}${state}${String(number).padStart(2, '0')}`;

export const HOUSE_OFFICES: readonly string[] = [
  ...WHOLE_STATES.split(' ').map((state) => code('H', state, 0)),
  ...Object.entries(STATES_BY_SEATS).flatMap(([seats, states]) =>
    states.split(' ').flatMap((state) => Array.from({ length: Number(seats) }, (_, at) => code('H', state, at + 1))),
  ),
].sort();

export const SENATE_OFFICES: readonly string[] = Object.entries(STATES_BY_CLASS)
  .flatMap(([senateClass, states]) => states.split(' ').map((state) => code('S', state, Number(senateClass))))
  .sort();
