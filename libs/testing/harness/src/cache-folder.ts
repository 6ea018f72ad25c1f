import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where is kept what took minutes to fetch or build: outside the work tree, by version, shared by all checkouts of one user.
 * COMMUNIQUE_CACHE_DIR, else in the user's cache folder. Everything in it can be deleted at any time and is made again.
 * tools/dev/setup/surroundings.mjs, which runs before anything is compiled, looks in the same place.
 */
export function cacheFolder(): string {
  const { env } = process;
  if (env['COMMUNIQUE_CACHE_DIR']) return env['COMMUNIQUE_CACHE_DIR'];
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'communique-tee');
}
