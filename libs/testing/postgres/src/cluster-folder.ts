import { randomBytes } from 'node:crypto';
import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { SupportError, isRunning } from '@communique-tee/testing/harness';
import { isReachable, type PostgresBinaries } from './binaries';

export interface ClusterFolder {
  /** The folder that contains the data folder, the password file and the server's log. */
  readonly path: string;
  readonly data: string;
  /** The password of user postgres. */
  readonly password: string;
}

const MAJOR = '18';

/**
 * Returns a folder with an initialized cluster. A later call with the same `wanted` folder uses its cluster again. Without `wanted`, the
 * folder is a new temporary one.
 *
 * @throws SupportError POSTGRES_FOLDER_UNUSABLE, POSTGRES_FOLDER_IN_USE, POSTGRES_START_FAILED
 */
export async function clusterFolder(binaries: PostgresBinaries, wanted: string | undefined): Promise<ClusterFolder> {
  const path = await openFolder(binaries, wanted);
  const data = join(path, 'data');
  const passwordFile = join(path, 'password');
  const versionFile = join(data, 'PG_VERSION');

  if (existsSync(versionFile) && existsSync(passwordFile)) {
    const version = (await readFile(versionFile, 'utf8')).trim();
    if (version !== MAJOR)
      throw new SupportError('POSTGRES_FOLDER_UNUSABLE', `${path} was made by PostgreSQL ${version}; remove it`);
    await refuseRunning(path, data);
    return { path, data, password: (await readFile(passwordFile, 'utf8')).trim() };
  }
  await refuseRunning(path, data);
  // This function writes the password file last. If it is missing, the folder is empty or an earlier call was interrupted
  await rm(data, { recursive: true, force: true });
  await mkdir(data, { mode: 0o700 });
  const password = randomBytes(18).toString('base64url');
  const handOver = join(path, `initdb-${String(process.pid)}`);
  await writeFile(handOver, `${password}\n`, { mode: 0o600 });
  if (binaries.user !== undefined) {
    await chown(data, binaries.user.uid, binaries.user.gid);
    await chown(handOver, binaries.user.uid, binaries.user.gid);
  }
  try {
    await promisify(execFile)(
      binaries.initdb,
      [
        '--pgdata',
        data,
        '--username',
        'postgres',
        '--pwfile',
        handOver,
        '--auth',
        'scram-sha-256',
        '--encoding',
        'UTF8',
        '--locale',
        'C',
        '--no-sync',
      ],
      { ...(binaries.user ?? {}), cwd: '/', env: { PATH: process.env['PATH'], LC_ALL: 'C' } },
    );
  } catch (error) {
    throw new SupportError(
      'POSTGRES_START_FAILED',
      `initdb: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  } finally {
    await rm(handOver, { force: true });
  }
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  return { path, data, password };
}

async function openFolder({ user }: PostgresBinaries, wanted: string | undefined): Promise<string> {
  let path: string;
  if (wanted === undefined)
    path = await mkdtemp(join(isReachable(tmpdir(), user) ? tmpdir() : '/var/tmp', 'communique-postgres-'));
  else {
    path = resolve(wanted);
    await mkdir(path, { recursive: true });
    if (!isReachable(resolve(path, '..'), user)) {
      // The server's user cannot enter a parent folder, such as /root. So use a reachable folder that depends only on this path.
      path = join('/var/tmp', `communique-postgres-${createHash('sha256').update(path).digest('hex').slice(0, 16)}`);
      await mkdir(path, { recursive: true });
    }
  }
  if (user !== undefined) await chmod(path, 0o711);
  if (!isReachable(path, user))
    throw new SupportError('POSTGRES_FOLDER_UNUSABLE', `user ${String(user?.uid)} cannot enter ${path}`);
  return path;
}

async function refuseRunning(path: string, data: string): Promise<void> {
  const file = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(file.split('\n')[0]);
  if (Number.isSafeInteger(pid) && pid > 1 && isRunning(pid)) {
    throw new SupportError('POSTGRES_FOLDER_IN_USE', `a server (process ${String(pid)}) runs on ${path} already`);
  }
}
