import { AttestationError } from './errors';

/** Values of PCRs, 96 lowercase hexadecimal digits each (SHA-384). */
export interface ImageMeasurements {
  /** The whole image: kernel, command line and all file systems. */
  readonly pcr0: string;
  /** Kernel, command line and first file system. */
  readonly pcr1?: string;
  /** The other file systems. */
  readonly pcr2?: string;
  /** The certificate that signed the image. */
  readonly pcr8?: string;
  /** The parent instance. Each instance has another value, so a policy for several instances cannot name it. */
  readonly pcr4?: string;
}

/** Accepts an image under one operator, or under any. Anyone with an AWS account can run a public image, so a set must say which. */
export type MeasurementSet = ImageMeasurements &
  (
    | {
        /** The operator: the role of the parent instance. In Node, `pcr3OfRole` computes it from the role's ARN. */
        readonly pcr3: string;
        readonly operator?: never;
      }
    | {
        /** Accepts the image under every AWS account. An operator that you do not know learns metadata and can drop messages. */
        readonly operator: 'any';
        readonly pcr3?: never;
      }
  );

/** Compares no operator. For showing an enclave to a person whose policy names none. */
export type UncomparedOperator = ImageMeasurements & { readonly operator: 'not_compared'; readonly pcr3?: never };

export interface CheckedSet {
  /** PCR0, and PCR1, PCR2 and PCR8 if the set has them. */
  readonly image: readonly (readonly [index: number, value: string])[];
  readonly pcr3: string | 'any' | 'not_compared';
  readonly pcr4: string | undefined;
}

const IMAGE_PCRS = [
  ['pcr0', 0],
  ['pcr1', 1],
  ['pcr2', 2],
  ['pcr8', 8],
] as const;
const MEMBERS: readonly string[] = [...IMAGE_PCRS.map(([name]) => name), 'pcr3', 'pcr4', 'operator'];

/**
 * Checks the measurement sets of a policy, which may come from plain JavaScript or from a configuration.
 *
 * @param operators the allowed values of `operator`. `not_compared` is only for examinations.
 * @throws AttestationError ERR_ATTESTATION_POLICY
 */
export function checkMeasurementSets(
  given: unknown,
  operators: readonly ('any' | 'not_compared')[] = ['any'],
): readonly CheckedSet[] {
  if (!Array.isArray(given) || given.length === 0)
    throw wrong('acceptedMeasurements is empty: name pcr0 of an image and pcr3 of its operator');
  return given.map((set: unknown) => {
    if (typeof set !== 'object' || set === null) throw wrong('a measurement set is no object');
    const values = set as Record<string, unknown>;
    // A PCR with a misspelled name would never be compared.
    const unknown = Object.keys(values).find((key) => !MEMBERS.includes(key));
    if (unknown !== undefined)
      throw wrong(`a measurement set has ${JSON.stringify(unknown.slice(0, 32))}; it can have ${MEMBERS.join(', ')}`);
    if (values['pcr0'] === undefined) throw wrong('a measurement set has no pcr0');
    return {
      image: IMAGE_PCRS.flatMap(([name, index]) =>
        values[name] === undefined ? [] : [[index, pcrHex(values[name], name)] as const],
      ),
      pcr3: operatorOf(values, operators),
      pcr4: values['pcr4'] === undefined ? undefined : pcrHex(values['pcr4'], 'pcr4'),
    };
  });
}

function operatorOf({ pcr3, operator }: Record<string, unknown>, operators: readonly string[]): CheckedSet['pcr3'] {
  if (pcr3 !== undefined && operator !== undefined)
    throw wrong('a measurement set has both pcr3 and operator: leave one of them out');
  if (pcr3 !== undefined) return pcrHex(pcr3, 'pcr3');
  if (typeof operator === 'string' && operators.includes(operator)) return operator as 'any' | 'not_compared';
  throw wrong(
    operator === undefined
      ? "a measurement set names no operator: add the pcr3 that its operator publishes (SHA-384 of 48 zero bytes and the ARN of the parent's role), or operator: 'any' to accept this image under every AWS account"
      : `operator can only be ${operators.map((each) => `'${each}'`).join(' or ')}; to name one operator, use pcr3`,
  );
}

function pcrHex(value: unknown, name: string): string {
  if (typeof value !== 'string' || !/^[0-9a-f]{96}$/.test(value))
    throw wrong(`${name} is not 96 lowercase hexadecimal digits (SHA-384)`);
  if (/^0+$/.test(value)) throw wrong(`${name} is zero: ${ZERO[name] ?? 'that is an enclave in debug mode'}`);
  return value;
}

/** What an all-zero PCR means if the enclave is not in debug mode. */
const ZERO: Readonly<Record<string, string>> = {
  pcr3: 'that is a parent instance without a role',
  pcr4: 'that is an unused register',
  pcr8: 'that is an image that is not signed',
};

function wrong(why: string): AttestationError {
  return new AttestationError('ERR_ATTESTATION_POLICY', why);
}
