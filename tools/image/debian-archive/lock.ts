// Lock files pin every input by version and SHA-256. A file has the same `path` on every Debian mirror.
import { readFileSync } from 'node:fs';
import * as z from 'zod';

import { SetupError } from './setup-error';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const archiveFile = z.strictObject({
  /** The path below the archive's root: pool/main/... */
  path: z
    .string()
    .regex(/^pool\/[A-Za-z0-9+._~%/-]+$/)
    .refine((path) => !path.split('/').includes('..'), 'leaves the archive'),
  bytes: z.int().positive(),
  sha256,
});
const binaryPackage = archiveFile.extend({
  name: z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/),
  version: z.string().min(1),
  architecture: z.enum(['amd64', 'arm64', 'all']),
  /** The suite that had the package when it was locked. bookworm-security is in a separate archive. */
  suite: z.string().regex(/^[a-z-]+$/),
});
const sourcePackage = z.strictObject({
  name: z.string(),
  version: z.string().min(1),
  suite: z.string().regex(/^[a-z-]+$/),
  files: z.array(archiveFile).min(1),
});

export const lockSchema = z.strictObject({
  $comment: z.string(),
  /** The day on which the lock file was made. A mirror's snapshot of that day has every file. */
  lockedOn: z.iso.date(),
  /** Packages by purpose. The groups of one build root together contain all dependencies, so the root needs nothing from the machine. */
  groups: z.record(z.string(), z.array(binaryPackage)),
  sources: z.record(z.string(), sourcePackage),
});

export type ArchiveFile = z.infer<typeof archiveFile>;
export type LockedPackage = z.infer<typeof binaryPackage>;
export type LockedSource = z.infer<typeof sourcePackage>;
export type Lock = z.infer<typeof lockSchema>;

/** @throws SetupError lock_invalid */
export function parseLock(text: string, name: string): Lock;
export function parseLock<T>(text: string, name: string, schema: z.ZodType<T>): T;
export function parseLock(text: string, name: string, schema: z.ZodType = lockSchema): unknown {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new SetupError('lock_invalid', `${name} is not JSON`, { cause });
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new SetupError('lock_invalid', `${name}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
  }
  return parsed.data;
}

export const readLock = (file: string): Lock => parseLock(readFileSync(file, 'utf8'), file);

export function group(lock: Lock, name: string): readonly LockedPackage[] {
  const packages = lock.groups[name];
  if (!packages) throw new SetupError('lock_invalid', `the lock has no group ${name}: update it`);
  return packages;
}

export function source(lock: Lock, name: string): LockedSource {
  const found = lock.sources[name];
  if (!found) throw new SetupError('lock_invalid', `the lock has no source ${name}: update it`);
  return found;
}
