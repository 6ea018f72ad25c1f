/** PCR0 of images that the person trusts, 96 lowercase hexadecimal digits each. */
export type Pcr0s = readonly [string, ...string[]];
export type Read = { readonly ok: true; readonly pcr0s: Pcr0s } | { readonly ok: false; readonly problem: string };

const MAX_CHARACTERS = 16_384;
const MAX_MEASUREMENTS = 8;

/** What a person typed or pasted: one PCR0, several, or the text of a release's measurements.json. */
export function readMeasurements(text: string): Read {
  const given = text.trim();
  if (given === '') return { ok: false, problem: 'Type a PCR0, or paste measurements.json.' };
  if (given.length > MAX_CHARACTERS) return { ok: false, problem: 'That is too long to be a measurement.' };
  if (given.startsWith('{')) return readJson(given);
  const words = given
    .split(/[\s,]+/)
    .map((word) => word.replace(/^sha384:/i, '').toLowerCase())
    .filter((word) => word !== '');
  // Shown in groups of eight; pasted back it comes so.
  const joined = words.join('');
  return checked(words.length > 1 && joined.length === 96 ? [joined] : words);
}

function readJson(text: string): Read {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { ok: false, problem: 'That begins like measurements.json, and is not JSON.' };
  }
  const pcr0 = typeof parsed === 'object' && parsed !== null && 'pcr0' in parsed ? parsed.pcr0 : undefined;
  return typeof pcr0 === 'string' ? checked([pcr0]) : { ok: false, problem: 'That JSON has no pcr0.' };
}

function checked(words: readonly string[]): Read {
  const [first, ...rest] = [...new Set(words)];
  if (first === undefined || words.some((word) => !/^[0-9a-f]{96}$/.test(word)))
    return { ok: false, problem: 'A PCR0 is 96 hexadecimal digits.' };
  if (words.some((word) => /^0+$/.test(word)))
    return { ok: false, problem: 'All zeros: that is an enclave in debug mode, which anybody can look into.' };
  if (rest.length >= MAX_MEASUREMENTS) return { ok: false, problem: 'Those are too many to know them all.' };
  return { ok: true, pcr0s: [first, ...rest] };
}

/** `#pcr0=...` or `?pcr0=...` of the page's own address; undefined where there is none. */
export function measurementsInAddress(hash: string, search: string): Read | undefined {
  const text = new URLSearchParams(hash.replace(/^#/, '')).get('pcr0') ?? new URLSearchParams(search).get('pcr0');
  return text === null ? undefined : readMeasurements(text);
}

const KEY = 'communique-tee pcr0';

/** What the person told this browser to keep; undefined where there is nothing, or the browser keeps nothing. */
export function keptMeasurements(): Pcr0s | undefined {
  try {
    const read = readMeasurements(localStorage.getItem(KEY) ?? '');
    return read.ok ? read.pcr0s : undefined;
  } catch {
    return undefined;
  }
}

/** @returns whether the browser took it */
export function keepMeasurements(pcr0s: Pcr0s): boolean {
  try {
    localStorage.setItem(KEY, pcr0s.join(' '));
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
