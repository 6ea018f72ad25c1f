import type { Postgres } from '@communique-tee/testing/postgres';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

/** Returns PostgreSQL's setting that copies its write-ahead log into a folder, file by file, as RDS does for point-in-time recovery. */
export const archiveCommand = (folder: string): string => `test ! -f "${folder}/%f" && cp "%p" "${folder}/%f"`;

/** Empties the folder, and starts to archive into it. A restored server needs this call too. */
export async function startArchiving(postgres: Postgres, url: string, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  await chmod(folder, 0o777); // the server's user writes into this folder
  await queryOnce(url, `ALTER SYSTEM SET archive_command = '${archiveCommand(folder)}'`);
  await queryOnce(url, "ALTER SYSTEM SET archive_mode = 'on'");
  await postgres.restart();
  const [row] = await queryOnce(url, 'SHOW archive_mode');
  if (row?.['archive_mode'] !== 'on') throw new Error('the server does not archive its log');
}

/** Waits until the archive contains the log up to now. */
export async function untilArchived(url: string): Promise<void> {
  const [row] = await queryOnce(url, 'SELECT pg_walfile_name(pg_switch_wal()) AS file');
  const file = String(row?.['file']);
  for (let n = 0; n < 300; n++) {
    const [state] = await queryOnce(url, 'SELECT last_archived_wal FROM pg_stat_archiver');
    if (String(state?.['last_archived_wal'] ?? '') >= file) return;
    await sleep(100);
  }
  throw new Error('the log was not archived');
}

export async function queryOnce(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
