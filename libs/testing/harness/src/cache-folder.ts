import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Returns the folder for files that take minutes to fetch or build. It is COMMUNIQUE_CACHE_DIR, otherwise in the user's cache folder. All
 * checkouts of one user share it. Names of files contain their version. The user may delete the content at any time.
 * tools/dev/setup/surroundings.mjs, which runs before anything is compiled, uses the same folder.
 */
export function cacheFolder(): string {
  const { env } = process;
  if (env['COMMUNIQUE_CACHE_DIR']) return env['COMMUNIQUE_CACHE_DIR'];
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'communique-tee');
}
