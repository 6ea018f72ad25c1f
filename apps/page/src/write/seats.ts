// The offices of a state as seats that people know. From the table that is part of this page: no request is made.
import {
  chamberFacts,
  chamberOf,
  houseOffices,
  isState,
  officesOf,
  senateOffices,
  type State,
  STATES,
} from '@communique-tee/protocol';

export type SeatKind = 'district' | 'atLarge' | 'delegate' | 'residentCommissioner' | 'senate' | 'chamber';

export interface Seat {
  readonly code: string;
  readonly state: State;
  readonly kind: SeatKind;
  /** Of a district its number, of a senator's seat its class. */
  readonly number: number;
  /** English, for a chamber that the page has no words for. */
  readonly chamber: string;
}

/** Every seat that speaks for an address in a state, in the order of `officesOf`. */
export function seatsOf(state: State): readonly Seat[] {
  const house = houseOffices(state);
  const senate = senateOffices(state);
  return officesOf(state).map((code) => ({
    code,
    state,
    kind: house.includes(code)
      ? houseKind(state, house.length)
      : senate.includes(code)
        ? ('senate' as const)
        : ('chamber' as const),
    number: Number(code.slice(3)),
    chamber: chamberFacts(chamberOf(code)).name,
  }));
}

/** The seat of a code in any state; undefined for a code that no office has. */
export function seatOf(code: string): Seat | undefined {
  const named = code.slice(1, 3);
  // If the letters are a state's, only that state is searched; American Samoa's codes have AQ
  const states = isState(named) ? [named] : STATES;
  return states.flatMap((state) => seatsOf(state)).find((seat) => seat.code === code);
}

/** Whether a state has several districts, of which one is the person's. */
export function hasDistricts(state: State): boolean {
  return houseOffices(state).length > 1;
}

/** The seats that everyone in a state has in common: all but those of districts. */
export function sharedSeats(state: State): readonly Seat[] {
  return seatsOf(state).filter(({ kind }) => kind !== 'district');
}

export function districtsOf(state: State): readonly Seat[] {
  return seatsOf(state).filter(({ kind }) => kind === 'district');
}

/** A state has senators; the District of Columbia and the territories have a delegate, Puerto Rico a resident commissioner. */
function houseKind(state: State, seats: number): SeatKind {
  if (seats > 1) return 'district';
  if (senateOffices(state).length > 0) return 'atLarge';
  return state === 'PR' ? 'residentCommissioner' : 'delegate';
}
