import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Returns the folder for files that take minutes to fetch or build. It is outside the work tree, sorted by version and shared by all
 * checkouts of one user: COMMUNIQUE_CACHE_DIR, otherwise in the user's cache folder. Its content can be deleted at any time and is then
 * made again. tools/dev/setup/surroundings.mjs, which runs before anything is compiled, looks in the same place.
 */
export function cacheFolder(): string {
  const { env } = process;
  if (env['COMMUNIQUE_CACHE_DIR']) return env['COMMUNIQUE_CACHE_DIR'];
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'communique-tee');
}
