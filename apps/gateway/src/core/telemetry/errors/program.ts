import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Returns the folder of the running program, and a release name from the SHA-256 of its file. Builds are reproducible, so the hash
 * identifies the commit.
 */
export function runningProgram(file = process.argv[1]): { readonly folder: string; readonly release: string } {
  try {
    const path = realpathSync(file ?? '');
    return {
      folder: dirname(path),
      release: `communique-gateway@${createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 12)}`,
    };
  } catch {
    return { folder: '/nonexistent', release: 'communique-gateway@unknown' };
  }
}
