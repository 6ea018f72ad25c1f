import { startPostgres, type Postgres } from '@communique-tee/testing/postgres';
import { execFile } from 'node:child_process';
import { chown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';

const run = promisify(execFile);

/** A folder for `startPostgres`, with `data` and the password of user postgres. */
export interface ClusterCopy {
  readonly folder: string;
}

/**
 * Copies the server's files as an EBS snapshot would. The server's processes are paused, so that the copy shows one moment. PostgreSQL
 * must recover from the copy as after a crash.
 */
export async function snapshotDisk(postgres: Postgres, folder: string): Promise<ClusterCopy> {
  const stopped = await freeze(await mainProcess(postgres.folder));
  try {
    await copyCluster(postgres.folder, folder);
  } finally {
    for (const pid of stopped.reverse()) process.kill(pid, 'SIGCONT');
  }
  await rm(join(folder, 'data', 'postmaster.pid'), { force: true });
  return { folder };
}

/**
 * Makes a base backup while the server works, as PostgreSQL's documentation describes (section 25.3.4). The files change during
 * the copy. So a restore also needs the archived log; a label in the backup names where its replay must begin.
 */
export async function baseBackup(postgres: Postgres, folder: string): Promise<ClusterCopy> {
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  try {
    await client.query("SELECT pg_backup_start('base', true)");
    await copyCluster(postgres.folder, folder);
    const { rows } = await client.query<{ labelfile: string; spcmapfile: string }>(
      'SELECT labelfile, spcmapfile FROM pg_backup_stop(true)',
    );
    const data = join(folder, 'data');
    await rm(join(data, 'postmaster.pid'), { force: true });
    await rm(join(data, 'pg_wal'), { recursive: true, force: true });
    await makeFolderOfServer(join(data, 'pg_wal'), data);
    await writeAsServer(join(data, 'backup_label'), rows[0]?.labelfile ?? '', data);
  } finally {
    await client.end();
  }
  return { folder };
}

export interface RestoreOptions {
  /** The port of the lost server, where its clients look for the new server. */
  readonly port: number;
  /** Replays the log in this folder up to a named point, or to its end. */
  readonly archive?: { readonly folder: string; readonly until?: string };
}

/** Starts a new server from the copy, and from the archive if there is one. */
export async function startFrom({ folder }: ClusterCopy, { port, archive }: RestoreOptions): Promise<Postgres> {
  if (archive === undefined) return startPostgres({ folder, port });
  const data = join(folder, 'data');
  await writeAsServer(join(data, 'recovery.signal'), '', data);
  const settings = {
    restore_command: `cp "${archive.folder}/%f" "%p"`,
    recovery_target_action: 'promote',
    ...(archive.until !== undefined && { recovery_target_name: archive.until }),
  };
  return startPostgres({ folder, port, settings });
}

export async function destroyCluster(postgres: Postgres): Promise<void> {
  const pids = await family(await mainProcess(postgres.folder));
  await postgres.kill();
  for (const pid of pids) await gone(pid);
  await rm(join(postgres.folder, 'data'), { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}

async function copyCluster(from: string, to: string): Promise<void> {
  await mkdir(to, { mode: 0o711 });
  await run('cp', ['-p', join(from, 'password'), to]);
  // The running server may remove a file during the copy. The file's content is in the log too
  await run('cp', ['-a', join(from, 'data'), to]).catch((error: unknown) => {
    if (!/cannot (stat|open) '.*': No such file or directory/.test(String(error))) throw error;
  });
}

async function mainProcess(folder: string): Promise<number> {
  const pid = Number((await readFile(join(folder, 'data', 'postmaster.pid'), 'utf8')).split('\n')[0]);
  if (!Number.isSafeInteger(pid) || pid < 2) throw new Error(`no server on ${folder}`);
  return pid;
}

/** Pauses the main process first, so that it starts no others. @returns the paused processes */
async function freeze(main: number): Promise<number[]> {
  process.kill(main, 'SIGSTOP');
  await until(main, 'T');
  const pids = await family(main);
  for (const pid of pids) if (pid !== main) process.kill(pid, 'SIGSTOP');
  for (const pid of pids) await until(pid, 'T');
  return pids;
}

async function family(main: number): Promise<number[]> {
  const children = await readFile(`/proc/${String(main)}/task/${String(main)}/children`, 'utf8');
  return [
    main,
    ...children
      .split(' ')
      .map(Number)
      .filter((pid) => pid > 1),
  ];
}

const stateOf = async (pid: number): Promise<string | undefined> =>
  (await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => undefined))?.split(') ').at(-1)?.[0];

async function until(pid: number, state: string): Promise<void> {
  for (let n = 0; n < 1000; n++) {
    const now = await stateOf(pid);
    if (now === state || now === undefined || now === 'Z') return;
    await sleep(5);
  }
  throw new Error(`process ${String(pid)} did not reach state ${state}`);
}

async function gone(pid: number): Promise<void> {
  for (let n = 0; n < 2000; n++) {
    const state = await stateOf(pid);
    if (state === undefined || state === 'Z') return;
    await sleep(5);
  }
  throw new Error(`process ${String(pid)} of the server still runs`);
}

async function writeAsServer(file: string, text: string, like: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600 });
  const { uid, gid } = await stat(like);
  await chown(file, uid, gid);
}

async function makeFolderOfServer(folder: string, like: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 });
  const { uid, gid } = await stat(like);
  await chown(folder, uid, gid);
}
