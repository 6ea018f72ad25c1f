/** PCRs as text, 96 lowercase hexadecimal digits each. */
export interface NamedMeasurements {
  readonly pcr0: string;
  readonly pcr1?: string;
  readonly pcr2?: string;
  readonly pcr3?: string;
  readonly pcr4?: string;
  readonly pcr8?: string;
}

export type MeasurementsReading =
  | { readonly ok: true; readonly sets: readonly [NamedMeasurements, ...NamedMeasurements[]] }
  /** A clause about the JSON, such as "it is not an object". */
  | { readonly ok: false; readonly problem: string };

/** For each form, the member that only this form has. */
const FORMS = {
  pcr0: 'measurements.json',
  PCR0: 'PCRs of nitro-cli',
  Measurements: 'output of nitro-cli',
  acceptedMeasurements: 'a policy',
} as const;
type Form = keyof typeof FORMS;

/**
 * Reads the measurements from parsed JSON: a `measurements.json` of `npm run image -- build`, the output of
 * `nitro-cli build-enclave`, `describe-eif` or `describe-enclaves` (AWS Nitro Enclaves CLI), or a policy file. It recognizes the
 * form by its members, and refuses JSON that fits two forms or none.
 */
export function readMeasurementsJson(json: unknown): MeasurementsReading {
  let value = json;
  // `describe-enclaves` prints a list.
  if (Array.isArray(value)) {
    if (value.length === 0) return wrong('it lists no enclave');
    if (value.length > 1) return wrong(`it lists ${String(value.length)} enclaves; give one of them`);
    value = value[0];
  }
  if (!isMembers(value)) return wrong('it is not an object');
  const members = value;
  const [form, ...others] = (Object.keys(FORMS) as Form[]).filter((name) => name in members);
  if (form === undefined)
    return wrong(`it has none of ${Object.keys(FORMS).join(', ')}; ${shown(Object.keys(members))}`);
  if (others[0] !== undefined)
    return wrong(`it can be read in two ways: ${FORMS[form]} (${form}), and ${FORMS[others[0]]} (${others[0]})`);
  const given = form === 'Measurements' || form === 'acceptedMeasurements' ? members[form] : members;
  const letters = form === 'PCR0' || form === 'Measurements' ? 'PCR' : 'pcr';
  const sets = (Array.isArray(given) ? given : [given]).map((set: unknown) => registersOf(set, letters));
  const [first, ...rest] = sets.filter((set) => set !== undefined);
  if (first === undefined || rest.length + 1 !== sets.length)
    return wrong(`it is ${FORMS[form]}, but a PCR in it is missing or not 96 hexadecimal digits`);
  return { ok: true, sets: [first, ...rest] };
}

/** Returns undefined if PCR0 is missing, or a register is not a SHA-384. */
function registersOf(value: unknown, letters: 'pcr' | 'PCR'): NamedMeasurements | undefined {
  if (!isMembers(value)) return undefined;
  const named: Record<string, string> = {};
  for (const index of [0, 1, 2, 3, 4, 8]) {
    const given = value[`${letters}${String(index)}`];
    if (given === undefined) continue;
    const hex = typeof given === 'string' ? /^(?:sha384:)?([0-9a-f]{96})$/i.exec(given)?.[1] : undefined;
    if (hex === undefined) return undefined;
    named[`pcr${String(index)}`] = hex.toLowerCase();
  }
  const { pcr0 } = named;
  return pcr0 === undefined ? undefined : { ...named, pcr0 };
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(names: readonly string[]): string {
  return names.length === 0
    ? 'it is empty'
    : `it has ${JSON.stringify(names.slice(0, 5).map((name) => name.slice(0, 32)))}`;
}

function wrong(problem: string): MeasurementsReading {
  return { ok: false, problem };
}
