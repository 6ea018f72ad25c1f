// Describes a state's offices as seats that people know. The table of offices is part of the page, so this makes no request.
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
  /** The number of a district, or the class of a senator's seat. */
  readonly number: number;
  /** The chamber's English name, shown if the page has no other words for it. */
  readonly chamber: string;
}

/** Returns every seat that an address in the state may have, in the order of `officesOf`. */
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

/** Returns the seat with this code in any state; undefined if no office has the code. */
export function seatOf(code: string): Seat | undefined {
  const named = code.slice(1, 3);
  // American Samoa's codes have AQ, which is not its state code AS, so all states are searched
  const states = isState(named) ? [named] : STATES;
  return states.flatMap((state) => seatsOf(state)).find((seat) => seat.code === code);
}

/** Whether a state has several districts. */
export function hasDistricts(state: State): boolean {
  return houseOffices(state).length > 1;
}

/** Returns the seats that represent the whole state. */
export function sharedSeats(state: State): readonly Seat[] {
  return seatsOf(state).filter(({ kind }) => kind !== 'district');
}

export function districtsOf(state: State): readonly Seat[] {
  return seatsOf(state).filter(({ kind }) => kind === 'district');
}

/**
 * Returns the kind of a seat in the House. The District of Columbia and the territories have a delegate, Puerto Rico a resident
 * commissioner.
 */
function houseKind(state: State, seats: number): SeatKind {
  if (seats > 1) return 'district';
  if (senateOffices(state).length > 0) return 'atLarge';
  return state === 'PR' ? 'residentCommissioner' : 'delegate';
}
