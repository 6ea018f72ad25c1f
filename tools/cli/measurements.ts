import { AttestationError, pcr3OfRole, readMeasurementsJson, type MeasurementSet } from '@communique-tee/attestation';
import { existsSync } from 'node:fs';
import * as z from 'zod';
import { usage } from './failure';
import { readJsonFile } from './files';

/** Reads the accepted images and their operators, from options or from a policy file's `acceptedMeasurements`. */

export interface MeasurementOptions {
  readonly pcr0?: readonly string[];
  readonly pcr3?: readonly string[];
  readonly operatorRole?: readonly string[];
  readonly anyOperator?: boolean;
  readonly pcr4?: readonly string[];
  readonly pcr8?: readonly string[];
}

export type Measurements = readonly [MeasurementSet, ...MeasurementSet[]];

const MAX_MEASUREMENTS_BYTES = 64 * 1024;

/**
 * Returns a set for each combination of the named images, operators, instances (PCR4) and signers (PCR8).
 * @throws Failure `usage`, `file_unreadable`, `not_understood`
 */
export function measurementsOf(options: MeasurementOptions): Measurements {
  const images = imagesOf(options.pcr0 ?? []);
  if (images.length === 0)
    throw usage(
      '--pcr0 is missing: name the image that you accept by its PCR0 or its measurements.json, or give a policy file with --policy',
    );
  const sets = images
    .flatMap((image) => operatorsOf(options).map((operator): MeasurementSet => ({ ...image, ...operator })))
    .flatMap((set) => each('pcr4', set, registersOf('--pcr4', options.pcr4)))
    .flatMap((set) => each('pcr8', set, registersOf('--pcr8', options.pcr8)));
  const [first, ...rest] = sets;
  if (first === undefined) throw new TypeError('every image has an operator');
  return [first, ...rest];
}

export type Image = Pick<MeasurementSet, 'pcr0' | 'pcr1' | 'pcr2' | 'pcr8'>;

/**
 * @param given PCR0 values or files of measurements; one string may list several, with commas
 * @throws Failure `usage`, `file_unreadable`, `not_understood`
 */
export function imagesOf(given: readonly string[]): Image[] {
  return given.flatMap((list) => list.split(',')).flatMap(imagesIn);
}

function imagesIn(given: string): Image[] {
  const value = given.trim();
  const isFile = !/^[0-9a-fx:]*$/i.test(value) && (/[/\\]|\.json$/i.test(value) || existsSync(value));
  return isFile ? imagesInFile(value) : [{ pcr0: register('--pcr0', value) }];
}

function imagesInFile(file: string): Image[] {
  const read = readMeasurementsJson(readJsonFile(file, MAX_MEASUREMENTS_BYTES));
  if (!read.ok) throw usage(`--pcr0 ${file}: ${read.problem}`);
  return read.sets.map(({ pcr3, pcr4, ...image }) => {
    if (pcr3 !== undefined || pcr4 !== undefined)
      throw usage(`--pcr0 ${file}: the file names an operator too, as a policy does: use --policy ${file} instead`);
    for (const [name, value] of Object.entries(image)) register(`--pcr0 ${file}: ${name}`, value);
    return image;
  });
}

function operatorsOf({ pcr3, operatorRole, anyOperator = false }: MeasurementOptions): Operator[] {
  const named = [
    ...registersOf('--pcr3', pcr3),
    // A role's name may contain a comma, so commas do not separate roles
    ...(operatorRole ?? []).map((arn) => pcr3Of(arn.trim())),
  ];
  if (anyOperator && named.length > 0) throw usage('--any-operator excludes --pcr3 and --operator-role');
  if (anyOperator) return [{ operator: 'any' }];
  if (named.length === 0)
    throw usage(
      'the operator is missing: add --pcr3 <hex> (or --operator-role <arn>), which the operator publishes; or --any-operator, to accept this image under every AWS account',
    );
  return named.map((value) => ({ pcr3: value }));
}

type Operator = { readonly pcr3: string } | { readonly operator: 'any' };

/** @throws Failure `usage` */
export function pcr3Of(roleArn: string): string {
  try {
    return pcr3OfRole(roleArn);
  } catch (cause) {
    if (!(cause instanceof AttestationError)) throw cause;
    throw usage(
      '--operator-role takes the ARN of the parent’s role, arn:aws:iam::<12 digits>:role/<name>: not of an instance profile, not of an assumed role',
    );
  }
}

function each(name: 'pcr4' | 'pcr8', set: MeasurementSet, values: readonly string[]): MeasurementSet[] {
  if (values.length === 0) return [set];
  if (set[name] !== undefined)
    throw usage(`--${name} and the file of --pcr0 both name this register: leave --${name} out`);
  return values.map((value) => ({ ...set, [name]: value }));
}

function registersOf(option: string, given: readonly string[] | undefined): string[] {
  return (given ?? []).flatMap((list) => list.split(',')).map((value) => register(option, value));
}

function register(where: string, given: string): string {
  const value = digits(given);
  const problem = problemOf(value);
  if (problem !== undefined) throw usage(`${where}: ${problem}`);
  return value;
}

function digits(value: string): string {
  return value
    .trim()
    .toLowerCase()
    .replace(/^(sha384:|0x)/, '');
}

function problemOf(value: string): string | undefined {
  if (!/^[0-9a-f]{96}$/.test(value)) return 'a measurement has 96 hexadecimal digits (SHA-384)';
  if (/^0+$/.test(value))
    return 'a measurement of zeros is that of an enclave in debug mode (PCR0 to 2), of a parent without a role (PCR3) or of an image without a signature (PCR8): it cannot be accepted';
  return undefined;
}

const measurement = z
  .string()
  .transform(digits)
  .superRefine((value, context) => {
    const problem = problemOf(value);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });

/** One set of a policy file, or of a message that `send` has kept. */
export const measurementSetSchema = z
  .strictObject({
    pcr0: measurement,
    pcr1: measurement.optional(),
    pcr2: measurement.optional(),
    pcr3: measurement.optional(),
    pcr4: measurement.optional(),
    pcr8: measurement.optional(),
    operator: z.literal('any', 'can only be "any"; to name one operator, use pcr3').optional(),
  })
  .refine(({ pcr3, operator }) => (pcr3 === undefined) !== (operator === undefined), {
    path: ['pcr3'],
    error: 'name the operator by its pcr3, or write "operator": "any" in its place to accept every operator',
  })
  .transform((set) => set as MeasurementSet);
