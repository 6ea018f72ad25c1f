import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import type { Architecture } from '../instances/instance-types';

/** The programs of the parent in one archive, as `npm run ops -- release` makes it. */
export interface Release {
  /** Absent where nothing was built (only `preview --without-image` and `cost` go on without one). */
  file?: string;
  /** 64 hex digits, of the archive; names the object in the store, and the parent checks it. */
  sha256: string;
}

/** `release.json`, which `npm run ops -- release` writes beside the archive of the architecture that it built last. */
const description = z.object({ arch: z.string(), sha256: z.string() });

/** What would fail on the instance only, half an hour later, fails here: an archive that is absent, cut off at its beginning, or of the other architecture. */
export function readRelease(file: string, architecture: Architecture): { release: Release } | { problem: string } {
  const build = `npm run ops -- release --arch ${architecture}`;
  const bytes = bytesOf(file);
  if (bytes === undefined)
    return { problem: `releaseFile: there is no file ${file}; build the release first: ${build}` };
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b)
    return { problem: `releaseFile: ${file} is no gzip archive; build the release again: ${build}` };
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const described = describedBeside(file);
  if (described?.sha256 === sha256 && described.arch !== architecture)
    return {
      problem: `releaseFile: ${file} was built for ${described.arch}, and the parent is ${architecture}: ${build}`,
    };
  return { release: { file, sha256 } };
}

/** Undefined where it cannot be read: absent, a folder, a device. */
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
    // Absent, or of another form: it describes nothing.
    return undefined;
  }
}
