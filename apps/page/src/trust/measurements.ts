import { readMeasurementsJson } from '@communique-tee/attestation/browser';
import { decodeJson } from '@communique-tee/protocol';

/** PCR0 of images that the person trusts, 96 lowercase hexadecimal digits each. */
export type Pcr0s = readonly [string, ...string[]];

/** Images, and the operators that may run them: PCR3 each, or any, or not named yet. */
export interface Accepted {
  readonly pcr0s: Pcr0s;
  readonly operator: Pcr0s | 'any' | undefined;
}

export type Read =
  | { readonly ok: true; readonly accepted: Accepted }
  | { readonly ok: false; readonly field: 'pcr0' | 'operator'; readonly problem: string };

const MAX_CHARACTERS = 16_384;
const MAX_MEASUREMENTS = 8;

/**
 * What a person typed or pasted: PCR0 values, or the text of a measurements.json, of nitro-cli or of a policy; and beside it
 * PCR3 values. A policy names the operator too.
 */
export function readMeasurements(images: string, operator: string, anyOperator = false): Read {
  const image = readImages(images);
  if (!image.ok) return { ok: false, field: 'pcr0', problem: image.problem };
  const { values: pcr0s, pcr3s } = image;
  if (anyOperator) return { ok: true, accepted: { pcr0s, operator: 'any' } };
  if (operator.trim() === '') return { ok: true, accepted: { pcr0s, operator: pcr3s } };
  const named = checked(wordsOf(operator), PCR3);
  return named.ok
    ? { ok: true, accepted: { pcr0s, operator: named.values } }
    : { ok: false, field: 'operator', problem: named.problem };
}

type Values = { readonly ok: true; readonly values: Pcr0s } | { readonly ok: false; readonly problem: string };

function readImages(text: string): (Values & { ok: true; pcr3s?: Pcr0s | undefined }) | (Values & { ok: false }) {
  const given = text.trim();
  if (given === '') return { ok: false, problem: 'Type a PCR0, or paste measurements.json or the operator’s policy.' };
  if (given.length > MAX_CHARACTERS) return { ok: false, problem: 'That is too long to be a measurement.' };
  if (!/^[{[]/.test(given)) return checked(wordsOf(given), PCR0);
  let json: unknown;
  try {
    json = decodeJson(new TextEncoder().encode(given));
  } catch {
    return { ok: false, problem: 'That begins like measurements.json, and is not JSON.' };
  }
  const read = readMeasurementsJson(json);
  if (!read.ok) return { ok: false, problem: `This JSON cannot be used: ${read.problem}.` };
  const images = checked(
    read.sets.map(({ pcr0 }) => pcr0),
    PCR0,
  );
  const named = [...new Set(read.sets.map(({ pcr3 }) => pcr3 ?? ''))];
  if (!images.ok || named.join('') === '') return images;
  if (named.length > 1)
    return { ok: false, problem: 'This policy names more than one operator. Paste the policy of one operator.' };
  const operators = checked(named, PCR3);
  return operators.ok ? { ...images, pcr3s: operators.values } : operators;
}

/** Shown in groups of eight; pasted back it comes so. */
function wordsOf(text: string): string[] {
  const words = text
    .split(/[\s,]+/)
    .map((word) => word.replace(/^sha384:/i, '').toLowerCase())
    .filter((word) => word !== '');
  const joined = words.join('');
  return words.length > 1 && joined.length === 96 ? [joined] : words;
}

interface Register {
  readonly name: string;
  readonly zero: string;
}
const PCR0: Register = {
  name: 'A PCR0',
  zero: 'All zeros: that is an enclave in debug mode. Its operator can read it.',
};
const PCR3: Register = {
  name: 'An operator (PCR3)',
  zero: 'All zeros: that is a machine without a role, which names no operator.',
};

function checked(words: readonly string[], { name, zero }: Register): Values {
  const [first, ...rest] = [...new Set(words)];
  if (first === undefined || words.some((word) => !/^[0-9a-f]{96}$/.test(word)))
    return { ok: false, problem: `${name} is 96 hexadecimal digits.` };
  if (words.some((word) => /^0+$/.test(word))) return { ok: false, problem: zero };
  if (rest.length >= MAX_MEASUREMENTS) return { ok: false, problem: 'Please give 8 values at most.' };
  return { ok: true, values: [first, ...rest] };
}

/** `#pcr0=...&pcr3=...` or `#pcr0=...&operator=any`, or the same as a query; undefined where it names no image. */
export function measurementsInAddress(hash: string, search: string): Read | undefined {
  const given = [hash.replace(/^#/, ''), search]
    .map((text) => new URLSearchParams(text))
    .find((parameters) => parameters.has('pcr0'));
  if (given === undefined) return undefined;
  return readMeasurements(given.get('pcr0') ?? '', given.get('pcr3') ?? '', given.get('operator') === 'any');
}

/** As in the page's address. */
export function textOf({ pcr0s, operator }: Accepted): string {
  return new URLSearchParams({
    pcr0: pcr0s.join(','),
    ...(operator === 'any' ? { operator } : operator && { pcr3: operator.join(',') }),
  }).toString();
}

const KEY = 'communique-tee trust';

/** What the person told this browser to keep; undefined where there is nothing, or the browser keeps nothing. */
export function keptMeasurements(): Accepted | undefined {
  try {
    const read = measurementsInAddress(localStorage.getItem(KEY) ?? '', '');
    return read?.ok === true ? read.accepted : undefined;
  } catch {
    return undefined;
  }
}

/** @returns whether the browser took it */
export function keepMeasurements(accepted: Accepted): boolean {
  try {
    localStorage.setItem(KEY, textOf(accepted));
    return true;
  } catch {
    return false;
  }
}

export function forgetMeasurements(): void {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // What was not kept need not be forgotten
  }
}
