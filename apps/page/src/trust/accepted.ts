// The images and operators that a person accepts. Reads them from a link, a file or a text field, and keeps them in this browser.
import {
  AttestationError,
  checkMeasurementSets,
  readMeasurementsJson,
  type MeasurementSet,
  type NamedMeasurements,
} from '@communique-tee/attestation/browser';
import { decodeJson } from '@communique-tee/protocol';

/** An image under one operator, or under any. An enclave matches a set only if every register of the set is equal. */
export type AcceptedSet = MeasurementSet;
export type Accepted = readonly [AcceptedSet, ...AcceptedSet[]];

/** Why a text names no image and operator to compare with. The catalogue has a sentence for each (`trust.problems`). */
export type ProblemCode =
  | 'image_missing'
  | 'operator_missing'
  | 'operator_twice'
  | 'image_not_hex'
  | 'operator_not_hex'
  | 'debug_mode'
  | 'no_role'
  | 'pairs_unequal'
  | 'too_many'
  | 'too_long'
  | 'not_json'
  | 'not_measurements';

export interface Problem {
  readonly code: ProblemCode;
  readonly field: 'image' | 'operator';
  /** The library's message, in English. */
  readonly detail?: string;
}

export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };

/** PCR3 as 96 lowercase hexadecimal digits, or any. */
type Operator = string;
const ANY = 'any';

export const MAX_CHARACTERS = 32_768;
const MAX_SETS = 32;

/**
 * Reads what a person typed, pasted or dropped. `image` has PCR0 values, or the text of a measurements.json, of nitro-cli's output or of a
 * policy. `operator` has PCR3 values or `any`. If neither names an operator, `presumed` applies, except `any`: only the person can accept
 * any operator.
 */
export function readAccepted(image: string, operator: string, presumed: readonly Operator[] = []): Read<Accepted> {
  const images = readImages(image);
  if (!images.ok) return images;
  const typed = readRegisters(operator, 'operator');
  if (!typed.ok) return typed;
  const unnamed = images.value.some(({ pcr3 }) => pcr3 === undefined);
  if (typed.value.length > 0 && !unnamed) return problem('operator_twice', 'operator');
  const operators = typed.value.length > 0 ? typed.value : presumed.filter((each) => each !== ANY);
  if (unnamed && operators.length === 0) return problem('operator_missing', 'operator');
  return listOf(
    images.value.flatMap((each) =>
      each.pcr3 === undefined ? operators.map((one) => setOf(each, one)) : [setOf(each, each.pcr3)],
    ),
  );
}

/** Returns the operators that a list names, each once. */
export function operatorsOf(accepted: readonly AcceptedSet[]): Operator[] {
  return [...new Set(accepted.map(({ pcr3 }) => pcr3 ?? ANY))];
}

function readImages(text: string): Read<readonly NamedMeasurements[]> {
  const given = text.trim();
  if (given.length > MAX_CHARACTERS) return problem('too_long', 'image');
  if (!/^[{[]/.test(given)) {
    const read = readRegisters(given, 'image');
    if (!read.ok) return read;
    return read.value.length === 0
      ? problem('image_missing', 'image')
      : { ok: true, value: read.value.map((pcr0) => ({ pcr0 })) };
  }
  let json: unknown;
  try {
    json = decodeJson(new TextEncoder().encode(given));
  } catch {
    return problem('not_json', 'image');
  }
  const read = readMeasurementsJson(json);
  if (!read.ok) return problem('not_measurements', 'image', read.problem);
  const wrong = read.sets.map(problemOf).find((each) => each !== undefined);
  return wrong === undefined ? { ok: true, value: read.sets } : { ok: false, problem: wrong };
}

/**
 * Returns why a set of a file cannot be used: zeros mean an image in debug mode, or a parent without a role. Undefined if the set can be
 * used.
 */
function problemOf({ pcr0, pcr3 }: NamedMeasurements): Problem | undefined {
  if (isZero(pcr0)) return { code: 'debug_mode', field: 'image' };
  return pcr3 !== undefined && isZero(pcr3) ? { code: 'no_role', field: 'operator' } : undefined;
}

/** Reads values separated by spaces or commas. A single value may be in groups, as the page shows it. */
function readRegisters(text: string, field: Problem['field']): Read<readonly string[]> {
  if (text.length > MAX_CHARACTERS) return problem('too_long', field);
  const words = text
    .split(/[\s,]+/)
    .map((word) => word.replace(/^sha384:/i, '').toLowerCase())
    .filter((word) => word !== '');
  const joined = words.join('');
  const values = words.length > 1 && joined.length === 96 ? [joined] : words;
  const wrong = values.find((each) => !/^[0-9a-f]{96}$/.test(each) && !(field === 'operator' && each === ANY));
  if (wrong !== undefined) return problem(`${field}_not_hex`, field);
  if (values.some(isZero)) return problem(field === 'image' ? 'debug_mode' : 'no_role', field);
  return values.length > MAX_SETS ? problem('too_many', field) : { ok: true, value: values };
}

const NAMES = ['pcr0', 'pcr3'] as const;

/** Recognizes a link that names an image or an operator, in any spelling, also after another program damaged it. */
const MENTIONED = /pcr[03]/i;
/** What `namesInAddress` returns for a link that is too long. No list of parameters looks like this. */
const TOO_LONG = 'too_long';

/**
 * Returns the part of the page's address that names images and operators: `#pcr0=<hex>&pcr3=<hex or any>`, or the same as a query. The
 * other parameters are left out. If the address is damaged or too long, `readNames` refuses the returned text. Undefined if the address
 * mentions neither image nor operator.
 */
export function namesInAddress(hash: string, search: string): string | undefined {
  const text = [hash.replace(/^#/, ''), search].find(
    (each) => MENTIONED.test(each) || MENTIONED.test(new URLSearchParams(each).toString()),
  );
  if (text === undefined) return undefined;
  if (text.length > MAX_CHARACTERS) return TOO_LONG;
  const parameters = new URLSearchParams(text);
  const own = NAMES.flatMap((name) => parameters.getAll(name).map((value): [string, string] => [name, value]));
  return new URLSearchParams(own).toString();
}

/**
 * Reads images and operators as an address names them. Commas separate several: either as many operators as images, in pairs, or one
 * operator for all of them.
 * @param names the text that `namesInAddress` has returned
 */
export function readNames(names: string): Read<Accepted> {
  if (names === TOO_LONG) return problem('too_long', 'image');
  const parameters = new URLSearchParams(names);
  const images = readRegisters(parameters.getAll('pcr0').join(','), 'image');
  if (!images.ok) return images;
  const operators = readRegisters(parameters.getAll('pcr3').join(','), 'operator');
  if (!operators.ok) return operators;
  if (images.value.length === 0) return problem('image_missing', 'image');
  const [first] = operators.value;
  if (first === undefined) return problem('operator_missing', 'operator');
  if (operators.value.length > 1 && operators.value.length !== images.value.length)
    return problem('pairs_unequal', 'operator');
  return listOf(images.value.map((pcr0, at) => setOf({ pcr0 }, operators.value[at] ?? first)));
}

/**
 * Returns an address without its image and operator parameters, even if these are damaged, for a person who does not want to compare with
 * them.
 */
export function withoutNames(url: URL): URL {
  const rest = (text: string): string => {
    const parameters = new URLSearchParams(text);
    for (const name of NAMES) parameters.delete(name);
    const others = parameters.toString();
    return namesInAddress(others, '') === undefined ? others : '';
  };
  const next = new URL(url);
  if (namesInAddress(url.hash, '') !== undefined) next.hash = rest(url.hash.slice(1));
  if (namesInAddress('', url.search) !== undefined) next.search = rest(url.search);
  return next;
}

/** Returns the list as in the page's address, without the `#`. Registers other than PCR0 and PCR3 are left out. */
export function addressOf(accepted: Accepted): string {
  const operators = operatorsOf(accepted);
  return new URLSearchParams({
    pcr0: accepted.map(({ pcr0 }) => pcr0).join(','),
    pcr3: operators.length === 1 ? operators.join() : accepted.map(({ pcr3 }) => pcr3 ?? ANY).join(','),
  }).toString();
}

/** Whether two lists name the same images under the same operators, in any order. */
export function areSame(one: Accepted, other: Accepted): boolean {
  const texts = [one, other].map((sets) => sets.map((set) => JSON.stringify(Object.entries(set).sort())).sort());
  return JSON.stringify(texts[0]) === JSON.stringify(texts[1]);
}

/** The key in localStorage. */
export const KEPT_KEY = 'communique-tee trust';

/**
 * `unusable`: what is kept is not a list of measurements. The page then trusts no enclave, because it would otherwise compare with less than
 * the person wanted.
 */
export type Kept = Accepted | 'unusable' | undefined;

/** Returns the list that the person told this browser to keep; undefined if there is none, or the browser stores no data. */
export function keptAccepted(): Kept {
  let text: string | null;
  try {
    text = localStorage.getItem(KEPT_KEY);
  } catch {
    return undefined;
  }
  if (text === null) return undefined;
  try {
    const { acceptedMeasurements: sets } = JSON.parse(text) as { acceptedMeasurements: Accepted };
    checkMeasurementSets(sets);
    return sets;
  } catch (error) {
    if (error instanceof AttestationError || error instanceof SyntaxError || error instanceof TypeError)
      return 'unusable';
    throw error;
  }
}

/** Keeps a list in this browser, in the form of a policy file. @returns whether the browser stored it */
export function keepAccepted(accepted: Accepted): boolean {
  try {
    localStorage.setItem(KEPT_KEY, JSON.stringify({ acceptedMeasurements: accepted }));
    return true;
  } catch {
    return false;
  }
}

export function forgetAccepted(): void {
  try {
    localStorage.removeItem(KEPT_KEY);
  } catch {
    // The browser stores no data, so there is none to remove
  }
}

function setOf({ pcr3: _, ...image }: NamedMeasurements, operator: Operator): AcceptedSet {
  return operator === ANY ? { ...image, operator } : { ...image, pcr3: operator };
}

function listOf(sets: readonly AcceptedSet[]): Read<Accepted> {
  const unique = [...new Map(sets.map((set) => [JSON.stringify(set), set])).values()];
  const [first, ...rest] = unique;
  if (first === undefined) return problem('image_missing', 'image');
  return unique.length > MAX_SETS ? problem('too_many', 'image') : { ok: true, value: [first, ...rest] };
}

function isZero(hex: string): boolean {
  return /^0+$/.test(hex);
}

function problem(code: ProblemCode, field: Problem['field'], detail?: string): { ok: false; problem: Problem } {
  return { ok: false, problem: { code, field, ...(detail !== undefined && { detail }) } };
}
