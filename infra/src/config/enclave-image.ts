import { isAllZero } from '@communique-tee/key-policies';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Architecture } from '../instances/instance-types';

/**
 * An enclave image, as `npm run image -- build` wrote it. Members from `custody` on are absent if the build did not write them.
 */
export interface EnclaveImage {
  /** Path of the .eif; absent only in a preview without the file. */
  file?: string;
  architecture: Architecture;
  sizeBytes: number;
  /** SHA-384 of the file, 96 hex digits. It names the object in the store. */
  sha384: string;
  /** 96 lower-case hex digits each. */
  pcr0: string;
  pcr1: string;
  pcr2: string;
  /** The hash of the signing certificate, if the image is signed. */
  pcr8?: string;
  version: string;
  commit: string;
  /** The stack whose configuration the image contains. */
  stack: string;
  /** The destinations to which the enclave may connect, each with a vsock port of the parent. */
  routes: readonly EgressRoute[];
  /** Whether keys end with the enclave's process or are KMS-sealed. */
  custody?: 'process' | 'kms';
  /** The settings for proofs of residence in the enclave's configuration. */
  residence?: ImageResidence;
  /** Whether the enclave takes tasks for models. */
  agents?: 'off' | 'on';
  /** The price table from which the enclave calculates a task's cost. */
  prices?: ImagePrices;
  /** The chambers, KMS and model providers that the enclave must reach. */
  destinations?: readonly Destination[];
  /** Names of the operator's secrets that the enclave's configuration uses. */
  secrets?: readonly string[];
  /** The longest time until the enclave answers, by kind of request. */
  longestAnswerMs?: LongestAnswerMs;
}

export type ImageResidence = z.output<typeof residence>;

const residence = z.union([
  z.strictObject({ mode: z.literal('off') }),
  z.strictObject({
    mode: z.enum(['optional', 'required']),
    registrar: z.string().max(64),
    keys: z.array(z.string().max(200)).min(1).max(2),
    maxCampaignDays: z.int().positive(),
  }),
]);

const prices = z.strictObject({ version: z.string().regex(/^[ -~]{1,64}$/), sha256: z.string().max(64) });
export type ImagePrices = z.output<typeof prices>;

/** Milliseconds. `keys`: an offer of key records. A member is absent if the configuration has no such service, or no KMS. */
const longestAnswerMs = z.object({
  message: z.int().positive().optional(),
  task: z.int().positive().optional(),
  keys: z.int().positive().optional(),
});
export type LongestAnswerMs = z.output<typeof longestAnswerMs>;

export interface Destination {
  host: string;
  port: number;
}

export interface EgressRoute extends Destination {
  vsockPort: number;
}

/** Regions whose KMS the enclave can reach, read from the host names of the routes. */
export const kmsRegionsOf = (routes: readonly EgressRoute[]): string[] =>
  routes.flatMap(
    ({ host }) => /^kms(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)$/.exec(host)?.[1] ?? [],
  );

export const measurement = z
  .string()
  .transform((value) => value.replace(/^sha384:/, '').toLowerCase())
  .pipe(
    z
      .string()
      .regex(/^[0-9a-f]{96}$/, 'a measurement is a SHA-384: 96 hexadecimal digits')
      .refine(
        (value) => !isAllZero(value),
        'all zero: that is an enclave in debug mode, and its parent can read its memory',
      ),
  );

const destination = { host: z.string().regex(/^[a-z0-9.-]{1,253}$/), port: z.int().min(1).max(65_535) };

const schema = z.object({
  image: z.string().regex(/^[A-Za-z0-9._-]+\.eif$/),
  // Version and commit become metadata of an object in S3, which takes only ASCII.
  version: z.string().regex(/^[ -~]{0,64}$/),
  architecture: z.enum(['arm64', 'x86_64']),
  stack: z.string().max(64),
  sizeBytes: z.int().positive(),
  sha384: measurement,
  hashAlgorithm: z.literal('SHA384'),
  pcr0: measurement,
  pcr1: measurement,
  pcr2: measurement,
  pcr8: measurement.optional(),
  commit: z.string().regex(/^[ -~]{0,128}$/),
  routes: z
    .array(
      z.object({
        ...destination,
        vsockPort: z.int().min(1024).max(4_294_967_294),
      }),
    )
    .max(32),
  custody: z.enum(['process', 'kms']).optional(),
  residence: residence.optional(),
  agents: z.enum(['off', 'on']).optional(),
  prices: prices.optional(),
  destinations: z.array(z.object(destination)).max(64).optional(),
  secrets: z.array(z.string().max(64)).max(16).optional(),
  longestAnswerMs: longestAnswerMs.optional(),
});

export type ImageReading = { image: EnclaveImage } | { problems: string[] };

/**
 * Reads `measurements.json` and checks that the .eif beside it exists and has the stated size. The parent checks the hashes.
 * @param options.eifMayBeAbsent for a preview, because CI has only the measurements
 */
export function readEnclaveImage(folder: string, { eifMayBeAbsent = false } = {}): ImageReading {
  const file = join(folder, 'measurements.json');
  if (!isFile(file)) return { problems: [`imageFolder: there is no file ${file}; build the image first`] };
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { problems: [`imageFolder: ${file} is not JSON; build the image again`] };
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success)
    return {
      problems: parsed.error.issues.map(
        (issue) => `imageFolder: ${file}: ${issue.path.join('.') || 'the whole'}: ${issue.message}`,
      ),
    };
  const {
    image: name,
    hashAlgorithm: _algorithm,
    pcr8,
    custody,
    residence: proof,
    agents,
    prices: table,
    destinations,
    secrets,
    longestAnswerMs: answerMs,
    ...rest
  } = parsed.data;
  const eif = join(folder, name);
  const isThere = isFile(eif);
  if (!isThere && !eifMayBeAbsent)
    return { problems: [`imageFolder: ${eif} is missing beside its measurements.json; build the image again`] };
  const size = isThere ? statSync(eif).size : rest.sizeBytes;
  if (size !== rest.sizeBytes)
    return {
      problems: [
        `imageFolder: ${eif} has ${size} bytes, measurements.json says ${rest.sizeBytes}; build the image again`,
      ],
    };
  return {
    image: {
      ...rest,
      ...(isThere && { file: eif }),
      ...(pcr8 !== undefined && { pcr8 }),
      ...(custody !== undefined && { custody }),
      ...(proof !== undefined && { residence: proof }),
      ...(agents !== undefined && { agents }),
      ...(table !== undefined && { prices: table }),
      ...(destinations !== undefined && { destinations }),
      ...(secrets !== undefined && { secrets }),
      ...(answerMs !== undefined && { longestAnswerMs: answerMs }),
    },
  };
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
