import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

/** The programs of the parent in one archive, as `npm run build:release` makes it. */
export interface Release {
  /** Absent where nothing was built (only `preview --without-image` and `cost` go on without one). */
  file?: string;
  /** 64 hex digits, of the archive; names the object in the store, and the parent checks it. */
  sha256: string;
}

export function readRelease(file: string): Release | undefined {
  if (!existsSync(file)) return undefined;
  return { file, sha256: createHash('sha256').update(readFileSync(file)).digest('hex') };
}
