import { CHAMBER_KEYS, chamberFacts, hasOfficeForm } from './chambers';
import { describeProblem } from './field-rules';
import { isState, STATES, type State } from './offices';

/** Returns every office of this state, chamber by chamber. */
export function officesOf(state: State): string[] {
  return CHAMBER_KEYS.flatMap((chamber) => chamberFacts(chamber).offices(state));
}

const REFUSALS = {
  invalid: describeProblem('invalid', '/offices/*', undefined),
  no_such_office: 'is an office that does not exist',
  other_state: 'is an office of another state than the address',
} as const;
export type OfficeRefusal = keyof typeof REFUSALS;

/**
 * Returns why a message from an address in `state` cannot go to `office`. Returns null if it can. If `state` is missing or not a state, only
 * the office itself is checked.
 */
export function officeRefusal(office: unknown, state: unknown): OfficeRefusal | null {
  if (typeof office !== 'string' || !hasOfficeForm(office)) return 'invalid';
  const own = stateOf(office);
  if (own === undefined) return 'no_such_office';
  return isState(state) && state !== own ? 'other_state' : null;
}

let states: ReadonlyMap<string, State> | undefined;
/** Returns the state of an office. The letters in the code are not always the state's: American Samoa has AQ. */
function stateOf(office: string): State | undefined {
  states ??= new Map(STATES.flatMap((state) => officesOf(state).map((each): [string, State] => [each, state])));
  return states.get(office);
}

/** Returns why the office is refused and which offices the address has, as the end of a sentence. Never quotes the refused office. */
export function describeRefusal(refusal: OfficeRefusal, office: string, state: unknown): string {
  const told = [state, office.slice(1, 3)].find(isState);
  return `${REFUSALS[refusal]}${told === undefined ? '' : `; an address in ${told} has ${listOffices(told)}`}`;
}

/** Returns, for example, `HOH01 to HOH15 (House), SOH01 and SOH03 (Senate)`. */
export function listOffices(state: State): string {
  const parts = CHAMBER_KEYS.flatMap((key) => {
    const { name, offices } = chamberFacts(key);
    const codes = offices(state);
    if (codes.length > 2) codes.splice(1, codes.length - 2, 'to');
    return codes.length === 0 ? [] : `${codes.join(codes.length === 2 ? ' and ' : ' ')} (${name})`;
  });
  return parts.join(', ');
}
