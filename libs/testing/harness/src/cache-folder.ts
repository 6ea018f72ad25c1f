import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Returns the folder for files that take minutes to fetch or build. All checkouts of one user share it, so each file name contains a
 * version. The user may delete the files at any time. tools/dev/setup/surroundings.mjs, which runs before anything is compiled, must
 * compute the same folder.
 */
export function cacheFolder(): string {
  const { env } = process;
  if (env['COMMUNIQUE_CACHE_DIR']) return env['COMMUNIQUE_CACHE_DIR'];
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'communique-tee');
}
