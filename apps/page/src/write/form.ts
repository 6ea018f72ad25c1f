// What the person enters, as signals.
import type { Message } from '@communique-tee/client';
import { isState, officesOf, type State, validateCongressMessage } from '@communique-tee/protocol';
import { batch, computed, signal, type Signal } from '@preact/signals';
import { problemsByField, type FormProblem } from './field-problems';
import { FIELD_NAMES, FIELDS, type FieldName, type Step, type Topic, TOPICS } from './fields';
import { hasDistricts, sharedSeats } from './seats';
import { type Entered, readForm, readOfficeCodes } from './read-form';

/** The value of `district` for "do not write to the House". */
export const NO_DISTRICT = 'none';

/** Everything entered, as a draft keeps it. */
export interface FormContent {
  readonly values: Readonly<Partial<Record<FieldName, string>>>;
  readonly topics: readonly Topic[];
  /** Codes of the checked seats. Only the state's seats that need no choice of a district have a checkbox. */
  readonly seats: readonly string[];
}

export const values = Object.fromEntries(FIELD_NAMES.map((name) => [name, signal('')])) as Readonly<
  Record<FieldName, Signal<string>>
>;
export const topics = signal<readonly Topic[]>([]);
export const seats = signal<readonly string[]>([]);

/** The state that the person chose. */
export const state = computed((): State | undefined => {
  const chosen = values['constituent/state'].value;
  return isState(chosen) ? chosen : undefined;
});

/** Whether the person has to choose a district. Typed office codes replace the choice. */
const asksForDistrict = computed(
  () => state.value !== undefined && hasDistricts(state.value) && values.offices.value.trim() === '',
);

/** The codes of the offices chosen so far: the typed codes if there are any, else the district and the checked seats. */
export const offices = computed((): readonly string[] => {
  const codes = readOfficeCodes(values.offices.value);
  if (codes.length > 0) return codes;
  const chosen = new Set([values.district.value, ...seats.value]);
  return state.value === undefined ? [] : officesOf(state.value).filter((code) => chosen.has(code));
});

const entered = computed((): Entered => ({
  values: Object.fromEntries(FIELD_NAMES.map((name) => [name, values[name].value])),
  topics: topics.value,
  offices: offices.value,
}));
const content = computed(() => readForm(entered.value));
const checked = computed(() =>
  // The client library makes a delivery secret when it seals
  validateCongressMessage({ ...content.value, version: 1, deliverySecret: new Uint8Array(32), proof: null }),
);

/** What is wrong now, at most one problem for each field, in the order of the form. */
export const problems = computed((): readonly FormProblem[] => {
  const found = checked.value.ok ? [] : problemsByField(checked.value.problems);
  const district =
    asksForDistrict.value && values.district.value === ''
      ? [{ field: 'district' as const, code: 'required', message: '/offices: is required and missing' }]
      : [];
  // One question at a time: without a state or a district, "no office" would repeat the same problem
  const isFirst = district.length > 0 || (state.value === undefined && offices.value.length === 0);
  const rest = isFirst ? found.filter(({ field }) => field !== 'offices') : found;
  const at = ({ field }: FormProblem) => (field === undefined ? FIELD_NAMES.length : FIELD_NAMES.indexOf(field));
  return [...district, ...rest].sort((a, b) => at(a) - at(b));
});

export function problemsOf(step: Step): readonly FormProblem[] {
  return problems.value.filter(({ field }) => (field === undefined ? 'review' : FIELDS[field].step) === step);
}

/** The message for the client library; null while it has problems. */
export function currentMessage(): Message | null {
  // `checked` found no problem, so the content is a Message
  return problems.value.length === 0 ? (content.value as unknown as Message) : null;
}

/** What the offices will get, for the review; null if step 1 or 2 has a problem. The campaign may still be missing. */
export function reviewedMessage(): Message | null {
  const isReady = problemsOf('address').length === 0 && problemsOf('message').length === 0;
  return isReady ? (content.value as unknown as Message) : null;
}

/** Sets the state. Its seats that need no district are checked, and the person chooses the district again. */
export function chooseState(chosen: string): void {
  batch(() => {
    values['constituent/state'].value = chosen;
    values.district.value = '';
    seats.value = isState(chosen) ? sharedSeats(chosen).map(({ code }) => code) : [];
  });
}

export function toggleSeat(code: string, chosen: boolean): void {
  seats.value = [...seats.value.filter((each) => each !== code), ...(chosen ? [code] : [])];
}

/** Returns everything entered. Equal contents give equal JSON. */
export function formContent(): FormContent {
  return {
    values: Object.fromEntries(
      FIELD_NAMES.flatMap((name) => (values[name].value === '' ? [] : [[name, values[name].value]])),
    ),
    topics: topics.value,
    seats: [...seats.value].sort(),
  };
}

/** Replaces everything entered. */
export function fillForm(given: FormContent): void {
  batch(() => {
    for (const name of FIELD_NAMES) values[name].value = given.values[name] ?? '';
    topics.value = given.topics;
    seats.value = given.seats;
  });
}

/** Empties step 2, for another message of the same person. */
export function clearMessage(): void {
  batch(() => {
    for (const name of FIELD_NAMES) if (FIELDS[name].step === 'message') values[name].value = '';
    topics.value = [];
  });
}

/** What a campaign's text fills into the form. */
export interface Words {
  readonly fields: Readonly<Partial<Record<FieldName, string>>>;
  readonly topics: readonly Topic[];
}

export const filledIn = signal<Words | undefined>(undefined);

/** Whether the person would lose something by leaving. The link can restore the campaign and its text, so these do not count. */
export function hasContent(): boolean {
  const { fields = {}, topics: given = [] } = filledIn.value ?? {};
  if (topics.value.join() !== given.join()) return true;
  return FIELD_NAMES.some((name) => name !== 'campaignId' && !['', fields[name]].includes(values[name].value));
}

export function isTopic(value: unknown): value is Topic {
  return TOPICS.some((each) => each === value);
}
