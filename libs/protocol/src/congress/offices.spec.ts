import { CHAMBERS, CHAMBER_KEYS } from './chambers';
import { listOffices, describeRefusal, officeRefusal, officesOf } from './office-refusal';
import { houseOffices, isState, OFFICES_AS_OF, senateOffices, STATES, type State } from './offices';

const WITHOUT_VOTE: readonly State[] = ['AS', 'DC', 'GU', 'MP', 'PR', 'VI'];
const FIFTY = STATES.filter((state) => !WITHOUT_VOTE.includes(state));

describe('the table of offices', () => {
  it('has 435 districts in 50 states and six seats without a vote', () => {
    expect(FIFTY).toHaveLength(50);
    expect(FIFTY.flatMap(houseOffices)).toHaveLength(435);
    expect(WITHOUT_VOTE.flatMap(houseOffices)).toEqual(['HAQ00', 'HDC00', 'HGU00', 'HMP00', 'HPR00', 'HVI00']);
  });

  it('numbers districts from 01, and has 00 for a state with only one seat', () => {
    const atLarge = FIFTY.filter((state) => houseOffices(state).includes(`H${state}00`));
    expect(atLarge).toEqual(['AK', 'DE', 'ND', 'SD', 'VT', 'WY']);
    for (const state of FIFTY.filter((each) => !atLarge.includes(each))) {
      const districts = houseOffices(state).map((office) => Number(office.slice(3)));
      expect(districts).toEqual(districts.map((_, at) => at + 1));
      expect(districts.length).toBeGreaterThan(1);
    }
  });

  it('has two Senate seats in each state, in two classes: 33 of class 1, 33 of class 2, 34 of class 3', () => {
    const seats = FIFTY.flatMap(senateOffices);
    for (const state of FIFTY) expect(new Set(senateOffices(state)).size).toBe(2);
    const ofClass = (senateClass: number) =>
      seats.filter((office) => office.endsWith(`0${String(senateClass)}`)).length;
    expect([1, 2, 3].map(ofClass)).toEqual([33, 33, 34]);
    expect(WITHOUT_VOTE.flatMap(senateOffices)).toEqual([]);
  });

  it('has each code once, in the form of its chamber, and has a date', () => {
    const all = STATES.flatMap(officesOf);
    expect(new Set(all).size).toBe(541);
    for (const key of CHAMBER_KEYS)
      for (const office of STATES.flatMap((state) => CHAMBERS[key].offices(state)))
        expect(office).toMatch(CHAMBERS[key].office);
    expect(new Date(OFFICES_AS_OF).toISOString().slice(0, 10)).toBe(OFFICES_AS_OF);
  });

  it('has no state with the name of a member of Object.prototype', () => {
    for (const name of ['toString', '__proto__', 'ZZ', '', 7, null]) expect(isState(name)).toBe(false);
  });
});

describe('the refusal of an office', () => {
  it('is null for every office of the state of the address, and for no other', () => {
    for (const state of STATES) {
      expect(officesOf(state).filter((office) => officeRefusal(office, state) !== null)).toEqual([]);
      const elsewhere = STATES.filter((other) => other !== state).flatMap(officesOf);
      expect(new Set(elsewhere.map((office) => officeRefusal(office, state)))).toEqual(new Set(['other_state']));
    }
  });

  it('depends only on whether the office exists if the state is not known', () => {
    expect(
      ['HOH15', 'HOH16', 'SDC01', 'HDC98', 'HZZ99', 'oh1', 7].map((office) => officeRefusal(office, undefined)),
    ).toEqual([null, 'no_such_office', 'no_such_office', 'no_such_office', 'no_such_office', 'invalid', 'invalid']);
  });

  it('is described with the offices that the person can type', () => {
    expect(describeRefusal('no_such_office', 'HOH16', 'OH')).toBe(
      'is an office that does not exist; an address in OH has HOH01 to HOH15 (House), SOH01 and SOH03 (Senate)',
    );
    expect(describeRefusal('no_such_office', 'HOH16', undefined)).toContain('an address in OH has HOH01 to HOH15');
    expect(describeRefusal('invalid', 'oh1', undefined)).toBe(
      "must be an office's code, such as HCA12 (House) or SCA01 (Senate)",
    );
    expect(['AK', 'DC', 'AS', 'MT'].map((state) => listOffices(state as State))).toEqual([
      'HAK00 (House), SAK02 and SAK03 (Senate)',
      'HDC00 (House)',
      'HAQ00 (House)',
      'HMT01 and HMT02 (House), SMT01 and SMT02 (Senate)',
    ]);
  });
});
