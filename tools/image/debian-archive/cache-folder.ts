// Where what took minutes to fetch or build is kept: outside the work tree, by version, shared by all checkouts of one user.
import { homedir } from 'node:os';
import { join } from 'node:path';

/** COMMUNIQUE_CACHE_DIR, else the user's cache folder. Everything in it can be deleted at any time and comes again. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env['COMMUNIQUE_CACHE_DIR']) return env['COMMUNIQUE_CACHE_DIR'];
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'communique-tee');
}
