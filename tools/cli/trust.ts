import { unsafeTrustAnchorFromPem, type TrustAnchor } from '@communique-tee/attestation';
import type { TrustPolicy } from '@communique-tee/client';
import { Option, type Command } from 'commander';
import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import { collect } from '@communique-tee/command-line';
import { Failure, messageOf, usage } from './failure';
import { readJsonFile, readText } from './files';
import { measurementSetSchema, measurementsOf, type MeasurementOptions, type Measurements } from './measurements';
import { secondsOf } from './options';

/** The options that name the enclaves to accept. One policy file can replace them. */

export interface TrustOptions extends MeasurementOptions {
  readonly policy?: string;
  readonly custody?: readonly string[];
  readonly maxAge?: string;
  readonly developmentRoot?: string;
}

const DEFAULT_MAX_AGE_SECONDS = 300;
const MAX_POLICY_BYTES = 64 * 1024;

export function trustOptions(command: Command, { maxAge = true }: { maxAge?: boolean } = {}): Command {
  const group = 'Which enclave to accept:';
  const options = [
    new Option(
      '--pcr0 <hex or file>',
      'accepted images: PCR0, 96 hexadecimal digits each (SHA-384), or a JSON file: measurements.json of an image that you built, or what nitro-cli prints. For several, use commas or repeat the option. There is no default',
    ).argParser(collect),
    new Option(
      '--pcr3 <hex>',
      'accepted operators: PCR3, 96 hexadecimal digits each. PCR3 measures the role of the parent instance, and the operator publishes it. PCR0 names only the build, which anyone with an AWS account can run',
    ).argParser(collect),
    new Option(
      '--operator-role <arn>',
      'the accepted operator by the ARN of that role, such as arn:aws:iam::111122223333:role/communique-tee-prod-parent',
    ).argParser(collect),
    new Option(
      '--any-operator',
      'accept the image in every AWS account. Then a stranger may operate it, learn when you write and drop messages',
    ),
    new Option('--pcr4 <hex>', 'also demand this parent instance: SHA-384 of 48 zero bytes and its id').argParser(
      collect,
    ),
    new Option('--pcr8 <hex>', 'also demand that this certificate signed the image').argParser(collect),
    new Option(
      '--custody <kind>',
      'accepted custody, which tells who can restore the keys: process (no one can), or the ARN of a KMS key alias. Default: any',
    ).argParser(collect),
    ...(maxAge
      ? [new Option('--max-age <seconds>', `how old the document may be (default: ${String(DEFAULT_MAX_AGE_SECONDS)})`)]
      : []),
    new Option(
      '--development-root <pem>',
      "accept the root certificate in this file instead of AWS's: for development only, because the holder of its key can forge documents",
    ),
  ];
  const names = [
    ...['pcr0', 'pcr3', 'operatorRole', 'anyOperator', 'pcr4', 'pcr8'],
    ...['custody', 'maxAge', 'developmentRoot'],
  ];
  const policy = new Option(
    '--policy <file>',
    'read all of these from a JSON file instead; docs/examples/policy.json is one',
  ).conflicts(names);
  for (const option of [...options, policy]) command.addOption(option.helpGroup(group));
  return command;
}

export interface Trust {
  readonly measurements: Measurements;
  readonly custody: readonly string[] | undefined;
  readonly maxAgeMs: number;
  readonly developmentRootPem: string | undefined;
  /** The operator that the policy file names; undefined if it names none. */
  readonly publisher: Publisher | undefined;
}

export interface Publisher {
  readonly name: string;
  readonly origin: string;
}

/**
 * The part of a policy that is kept with a message. It has no maximum age, because a receipt is verified at its own time.
 */
export type KeptTrust = Omit<Trust, 'maxAgeMs' | 'publisher'>;

/** Whether an option names the enclaves to accept. */
export function hasTrustOption({ policy, pcr0, pcr3, operatorRole, anyOperator, pcr4, pcr8 }: TrustOptions): boolean {
  return [policy, pcr0, pcr3, operatorRole, anyOperator, pcr4, pcr8].some((option) => option !== undefined);
}

/** @throws Failure `usage`, `file_unreadable`, `not_understood` */
export function trustOf(options: TrustOptions): Trust {
  if (options.policy !== undefined) return readPolicy(options.policy);
  const measurements = measurementsOf(options);
  const custody = options.custody?.flatMap((list) => list.split(',')).map((value) => value.trim());
  if (custody?.some((value) => !CUSTODY.test(value)) === true)
    throw usage('--custody takes process, or the ARN of a KMS key alias');
  const { developmentRoot } = options;
  return {
    measurements,
    custody,
    maxAgeMs: (secondsOf(options.maxAge, 'max-age') ?? DEFAULT_MAX_AGE_SECONDS) * 1000,
    developmentRootPem: developmentRoot === undefined ? undefined : readText(developmentRoot, 64 * 1024),
    publisher: undefined,
  };
}

const CUSTODY = /^(process|arn:[\x21-\x7e]{1,400})$/;

const policySchema = z.strictObject({
  /** Shown to people; not verified. */
  operator: z
    .strictObject({ name: z.string().min(1).max(100), origin: z.url({ protocol: /^https$/ }).max(500) })
    .optional(),
  acceptedMeasurements: z
    .array(measurementSetSchema)
    .max(100)
    .transform(([first, ...rest], context) => {
      if (first !== undefined) return [first, ...rest] as const;
      context.addIssue({ code: 'custom', message: 'name at least one set of measurements' });
      return z.NEVER;
    }),
  acceptedCustody: z
    .array(z.string().regex(CUSTODY, 'process, or the ARN of a KMS key alias'))
    .min(1, 'name at least one, or leave it out to accept any')
    .optional(),
  maxAgeSeconds: z.int().min(0).max(999_999_999).default(DEFAULT_MAX_AGE_SECONDS),
  /** The path of the root's file, relative to the policy. */
  developmentRoot: z.string().min(1).optional(),
});

/** @throws Failure `file_unreadable`; `not_understood`, with every wrong field */
function readPolicy(file: string): Trust {
  const parsed = policySchema.safeParse(readJsonFile(file, MAX_POLICY_BYTES));
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `\n${path.join('.') || 'the file'}: ${message}`);
    throw new Failure(
      'not_understood',
      `${file} is not a policy; docs/examples/policy.json is one${problems.join('')}`,
    );
  }
  const { acceptedMeasurements, acceptedCustody, maxAgeSeconds, developmentRoot, operator } = parsed.data;
  return {
    measurements: acceptedMeasurements,
    custody: acceptedCustody,
    maxAgeMs: maxAgeSeconds * 1000,
    developmentRootPem:
      developmentRoot === undefined ? undefined : readText(resolve(dirname(file), developmentRoot), 64 * 1024),
    publisher: operator,
  };
}

/** Whether an image is accepted in every AWS account. */
export function acceptsAnyOperator({ measurements }: Pick<Trust, 'measurements'>): boolean {
  return measurements.some(({ operator }) => operator === 'any');
}

/** Returns the root to use in place of AWS's; undefined if none was given. @throws Failure `not_understood` */
export function anchorOf({ developmentRootPem }: Pick<Trust, 'developmentRootPem'>): TrustAnchor | undefined {
  if (developmentRootPem === undefined) return undefined;
  try {
    return unsafeTrustAnchorFromPem(developmentRootPem);
  } catch (cause) {
    throw new Failure('not_understood', `the development root: ${messageOf(cause)}`, cause);
  }
}

/** @throws Failure `not_understood` */
export function policyOf(trust: KeptTrust & Partial<Pick<Trust, 'maxAgeMs'>>): TrustPolicy {
  const trustAnchor = anchorOf(trust);
  const { maxAgeMs } = trust;
  return {
    acceptedMeasurements: trust.measurements,
    ...(maxAgeMs !== undefined && { maxAgeMs }),
    ...(trust.custody && { acceptedCustody: trust.custody }),
    ...(trustAnchor && { trustAnchor }),
  };
}
