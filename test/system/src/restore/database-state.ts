import { Client } from 'pg';

/** What a restore has to bring back, read from the database itself. */
export interface DatabaseState {
  /** Of Prisma's own table: name, checksum, and whether it was applied. */
  readonly migrations: readonly string[];
  /** Message id to status. */
  readonly messages: ReadonlyMap<string, string>;
  readonly jobs: readonly string[];
  /** Budget windows whose counters are not what the reservations come to. */
  readonly unequalWindows: readonly string[];
  /** All settled, in micro-dollars. */
  readonly settledMicroUsd: bigint;
  readonly reservations: number;
}

/** One snapshot: all of it as of one moment. */
export async function readDatabase(url: string): Promise<DatabaseState> {
  const client = new Client({ connectionString: url, options: '-c timezone=UTC' });
  await client.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const migrations = await client.query<{ line: string }>("SELECT migration_name || ' ' || checksum || ' ' || (finished_at IS NOT NULL AND rolled_back_at IS NULL) AS line FROM _prisma_migrations ORDER BY 1");
    const messages = await client.query<{ id: string; status: string }>('SELECT id::text, status::text FROM message');
    const jobs = await client.query<{ id: string }>('SELECT message_id::text AS id FROM delivery_job');
    const windows = await client.query<{ line: string }>(UNEQUAL_WINDOWS);
    const sums = await client.query<{ settled: string; reservations: string }>('SELECT coalesce(sum(settled_micro_usd), 0) AS settled, count(*) AS reservations FROM reservation');
    await client.query('COMMIT');
    return {
      migrations: migrations.rows.map(({ line }) => line),
      messages: new Map(messages.rows.map(({ id, status }) => [id, status])),
      jobs: jobs.rows.map(({ id }) => id),
      unequalWindows: windows.rows.map(({ line }) => line),
      settledMicroUsd: BigInt(sums.rows[0]?.settled ?? 0),
      reservations: Number(sums.rows[0]?.reservations),
    };
  } finally {
    await client.end();
  }
}

/** Reserved and spent apart, from counters and reservations alike: a window that only one of them knows is unequal. */
const UNEQUAL_WINDOWS = `
  WITH ledger AS (
    SELECT s.scope, CASE s.scope WHEN 'user_day' THEN owner::text ELSE '' END AS subject,
           date_trunc(CASE s.scope WHEN 'system_hour' THEN 'hour' ELSE 'day' END, reserved_at) AS starts_at,
           coalesce(sum(reserved_micro_usd) FILTER (WHERE state = 'reserved'), 0) AS reserved, coalesce(sum(settled_micro_usd), 0) AS spent
    FROM reservation CROSS JOIN (VALUES ('user_day'), ('system_hour'), ('system_day')) AS s (scope) GROUP BY 1, 2, 3)
  SELECT coalesce(l.scope, w.scope::text) || ' ' || coalesce(l.starts_at, w.starts_at)
         || ': counted ' || coalesce(w.reserved_micro_usd, 0) || '+' || coalesce(w.spent_micro_usd, 0) || ', ledger ' || coalesce(l.reserved, 0) || '+' || coalesce(l.spent, 0) AS line
  FROM ledger l FULL JOIN budget_window w ON w.scope::text = l.scope AND w.subject = l.subject AND w.starts_at = l.starts_at
  WHERE coalesce(w.reserved_micro_usd, 0) <> coalesce(l.reserved, 0) OR coalesce(w.spent_micro_usd, 0) <> coalesce(l.spent, 0)`;
