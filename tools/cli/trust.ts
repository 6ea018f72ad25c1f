import { unsafeTrustAnchorFromPem, type TrustAnchor } from '@communique-tee/attestation';
import type { TrustPolicy } from '@communique-tee/client';
import { Option, type Command } from 'commander';
import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import { collect } from '@communique-tee/command-line';
import { Failure, messageOf, usage } from './failure';
import { readJsonFile, readText } from './files';
import { secondsOf } from './options';

/** Which enclaves are accepted, in the same words for every command: options, or one policy file instead of them. */

export interface TrustOptions {
  readonly policy?: string;
  readonly pcr0?: readonly string[];
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
      '--pcr0 <hex>',
      'accepted PCR0 values: 96 hexadecimal digits each (SHA-384), separated by commas, or the option several times. There is no default: take them from measurements.json of an image that you built yourself, or from somebody you trust to have',
    ).argParser(collect),
    new Option(
      '--custody <kind>',
      'accepted custody, who can bring the keys back: process (nobody), or the ARN of a KMS key alias. Default: any; it is shown',
    ).argParser(collect),
    ...(maxAge
      ? [new Option('--max-age <seconds>', `how old the document may be (default: ${String(DEFAULT_MAX_AGE_SECONDS)})`)]
      : []),
    new Option(
      '--development-root <pem>',
      "accept the root certificate in this file instead of AWS's: for development only, its holder can forge documents",
    ),
  ];
  const names = ['pcr0', 'custody', 'maxAge', 'developmentRoot'];
  const policy = new Option(
    '--policy <file>',
    'all of this from a JSON file instead; docs/examples/policy.json is one',
  ).conflicts(names);
  for (const option of [...options, policy]) command.addOption(option.helpGroup(group));
  return command;
}

/** PCRs as 96 lowercase hexadecimal digits each. */
export type Measurements = TrustPolicy['acceptedMeasurements'];

export interface Trust {
  readonly measurements: Measurements;
  readonly custody: readonly string[] | undefined;
  readonly maxAgeMs: number;
  readonly developmentRootPem: string | undefined;
}

/** A receipt is verified at its own time: there the document's age is not for the sender to say. */
export type KeptTrust = Omit<Trust, 'maxAgeMs'>;

/** Whether an option says which enclaves to accept. */
export function namesTrust({ policy, pcr0 }: TrustOptions): boolean {
  return policy !== undefined || pcr0 !== undefined;
}

/** @throws Failure `usage`, `file_unreadable`, `not_understood` */
export function trustOf(options: TrustOptions): Trust {
  if (options.policy !== undefined) return readPolicy(options.policy);
  const [first, ...rest] = (options.pcr0 ?? []).flatMap((list) => list.split(',')).map(digits);
  if (first === undefined)
    throw usage('--pcr0 is missing: name the measurements that you accept, or a file that does with --policy');
  const measured = ([first, ...rest] as const).map((pcr0) => {
    const problem = problemOfMeasurement(pcr0);
    if (problem !== undefined) throw usage(`--pcr0: ${problem}`);
    return { pcr0 };
  });
  const custody = options.custody?.flatMap((list) => list.split(',')).map((value) => value.trim());
  if (custody?.some((value) => !CUSTODY.test(value)) === true)
    throw usage('--custody takes process, or the ARN of a KMS key alias');
  const { developmentRoot } = options;
  return {
    measurements: measured as unknown as Measurements,
    custody,
    maxAgeMs: (secondsOf(options.maxAge, 'max-age') ?? DEFAULT_MAX_AGE_SECONDS) * 1000,
    developmentRootPem: developmentRoot === undefined ? undefined : readText(developmentRoot, 64 * 1024),
  };
}

const CUSTODY = /^(process|arn:[\x21-\x7e]{1,400})$/;

function digits(value: string): string {
  return value
    .trim()
    .toLowerCase()
    .replace(/^(sha384:|0x)/, '');
}

function problemOfMeasurement(value: string): string | undefined {
  if (!/^[0-9a-f]{96}$/.test(value)) return 'a measurement has 96 hexadecimal digits (SHA-384)';
  if (/^0+$/.test(value)) return 'a measurement of zeros is that of an enclave in debug mode: it cannot be accepted';
  return undefined;
}

const measurement = z
  .string()
  .transform(digits)
  .superRefine((value, context) => {
    const problem = problemOfMeasurement(value);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });

const policySchema = z.strictObject({
  acceptedMeasurements: z
    .array(
      z.strictObject({
        pcr0: measurement,
        pcr1: measurement.optional(),
        pcr2: measurement.optional(),
        pcr3: measurement.optional(),
        pcr8: measurement.optional(),
      }),
    )
    .min(1, 'name at least one set of measurements')
    .max(100),
  acceptedCustody: z
    .array(z.string().regex(CUSTODY, 'process, or the ARN of a KMS key alias'))
    .min(1, 'name at least one, or leave it out to accept any')
    .optional(),
  maxAgeSeconds: z.int().min(0).max(999_999_999).default(DEFAULT_MAX_AGE_SECONDS),
  /** A file beside the policy. */
  developmentRoot: z.string().min(1).optional(),
});

/** @throws Failure `file_unreadable`, `not_understood`, which names every field that is wrong */
function readPolicy(file: string): Trust {
  const parsed = policySchema.safeParse(readJsonFile(file, MAX_POLICY_BYTES));
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `\n${path.join('.') || 'the file'}: ${message}`);
    throw new Failure(
      'not_understood',
      `${file} is not a policy; docs/examples/policy.json is one${problems.join('')}`,
    );
  }
  const { acceptedMeasurements, acceptedCustody, maxAgeSeconds, developmentRoot } = parsed.data;
  return {
    measurements: acceptedMeasurements as unknown as Measurements,
    custody: acceptedCustody,
    maxAgeMs: maxAgeSeconds * 1000,
    developmentRootPem:
      developmentRoot === undefined ? undefined : readText(resolve(dirname(file), developmentRoot), 64 * 1024),
  };
}

/** The root given instead of AWS's. @throws Failure `not_understood` */
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
