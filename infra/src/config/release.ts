import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { REFERENCE_STRING_SHA256 } from '@communique-tee/residence';
import * as z from 'zod';
import type { Architecture } from '../instances/instance-types';
import { notBuilt } from './stand-ins';

/** The archive with the parent's programs, which `npm run ops -- release` builds. */
export interface Release {
  /** Path of the archive. Absent if there is no archive; `pulumi up` then shows its preview and refuses the update. */
  file?: string;
  /** SHA-256 of the archive, 64 hex digits. The object in the store is named by this hash, and the parent checks it. */
  sha256: string;
  /** Whether the archive has the reference string, according to release.json. A page needs it to prove residence. */
  referenceString: boolean;
}

/** `release.json` beside the archives. It describes the archive that `npm run ops -- release` built last. */
const description = z.object({
  arch: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  referenceString: z.string().nullish(),
});

/**
 * Reads the release. Refuses an archive that is missing, not in gzip, or for the other architecture. Otherwise the new instance would fail
 * half an hour later.
 * @param options.mayBeAbsent for a preview, in which release.json is enough
 */
export function readRelease(
  file: string,
  architecture: Architecture,
  { mayBeAbsent = false } = {},
): { release: Release } | { problem: string } {
  const build = `npm run ops -- release --arch ${architecture}`;
  const bytes = bytesOf(file);
  if (bytes === undefined && mayBeAbsent) return { release: describedRelease(file, architecture) };
  if (bytes === undefined)
    return { problem: `releaseFile: there is no file ${file}; build the release first: ${build}` };
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b)
    return { problem: `releaseFile: ${file} is no gzip archive; build the release again: ${build}` };
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const described = describedBeside(file);
  const own = described?.sha256 === sha256 ? described : undefined;
  if (own && own.arch !== architecture)
    return {
      problem: `releaseFile: ${file} was built for ${own.arch}, and the parent is ${architecture}: ${build}`,
    };
  return { release: { file, sha256, referenceString: own?.referenceString === REFERENCE_STRING_SHA256 } };
}

function describedRelease(file: string, architecture: Architecture): Release {
  const described = describedBeside(file);
  if (described?.arch !== architecture) return notBuilt(architecture).release;
  return { sha256: described.sha256, referenceString: described.referenceString === REFERENCE_STRING_SHA256 };
}

/** @returns undefined if the file cannot be read: absent, a folder, a device */
function bytesOf(file: string): Buffer | undefined {
  try {
    return statSync(file).isFile() ? readFileSync(file) : undefined;
  } catch {
    return undefined;
  }
}

function describedBeside(file: string): z.output<typeof description> | undefined {
  try {
    return description.parse(JSON.parse(readFileSync(join(dirname(file), 'release.json'), 'utf8')));
  } catch {
    // The file is absent or has another form.
    return undefined;
  }
}
