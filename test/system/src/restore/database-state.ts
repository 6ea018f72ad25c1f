import { workspaceRoot } from '@communique-tee/testing/harness';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, type QueryResult } from 'pg';

/** The query that docs/operator tells operators to run after a restore. */
const LEDGER_CHECK = join(workspaceRoot(), 'docs/operator/ledger-check.sql');

/** The data that a restore must bring back, read from the database. */
export interface DatabaseState {
  /** The rows of Prisma's table of migrations: name, checksum, and whether the migration was applied. */
  readonly migrations: readonly string[];
  /** The status of each message, by id. */
  readonly messages: ReadonlyMap<string, string>;
  readonly jobs: readonly string[];
  /** The budget windows whose counters differ from the sums of the reservations. */
  readonly unequalWindows: readonly string[];
  /** The sum of all settled amounts, in micro-dollars. */
  readonly settledMicroUsd: bigint;
  readonly reservations: number;
}

/** Reads everything in one database snapshot. */
export async function readDatabase(url: string): Promise<DatabaseState> {
  const client = new Client({ connectionString: url, options: '-c timezone=UTC' });
  await client.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const migrations = await client.query<{ line: string }>(
      "SELECT migration_name || ' ' || checksum || ' ' || (finished_at IS NOT NULL AND rolled_back_at IS NULL) AS line FROM _prisma_migrations ORDER BY 1",
    );
    const messages = await client.query<{ id: string; status: string }>('SELECT id::text, status::text FROM message');
    const jobs = await client.query<{ id: string }>('SELECT message_id::text AS id FROM delivery_job');
    const check = (await client.query(await readFile(LEDGER_CHECK, 'utf8'))) as unknown as QueryResult<
      Record<string, unknown>
    >[];
    const sums = await client.query<{ settled: string; reservations: string }>(
      'SELECT coalesce(sum(settled_micro_usd), 0) AS settled, count(*) AS reservations FROM reservation',
    );
    await client.query('COMMIT');
    return {
      migrations: migrations.rows.map(({ line }) => line),
      messages: new Map(messages.rows.map(({ id, status }) => [id, status])),
      jobs: jobs.rows.map(({ id }) => id),
      unequalWindows: (check.at(-1)?.rows ?? []).map((row) => JSON.stringify(row)),
      settledMicroUsd: BigInt(sums.rows[0]?.settled ?? 0),
      reservations: Number(sums.rows[0]?.reservations),
    };
  } finally {
    await client.end();
  }
}
