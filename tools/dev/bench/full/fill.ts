import type { Client } from 'pg';

export const ROWS = 1_000_000;
const CHUNK = 100_000;
const OWNERS = 10_000;
/** All messages are younger than this, so retention deletes none. All are older than a day, so today's budget windows stay empty. */
const OLDEST_DAYS = 29;
const TABLES = ['message', 'idempotency_key', 'delivery_job', 'reservation', 'budget_window'];

/**
 * Deletes every accepted message and its job. No VACUUM follows, so that PostgreSQL has no statistics, as in a new database. If it knew
 * that the tables are empty, sessions would plan to read a whole table for each foreign key, and keep that plan.
 */
export async function empty(client: Client): Promise<void> {
  await client.query(`TRUNCATE ${TABLES.join(', ')}`);
  await client.query('CHECKPOINT');
}

/**
 * Adds ended messages with their idempotency keys, receipts (1 KiB, without documents and sealed answers), settled reservations and the
 * budget windows that these add up to. The messages are spread over users and the last weeks. PostgreSQL does not check foreign keys here,
 * but the rows satisfy them.
 */
export async function fill(client: Client, progress: (text: string) => void): Promise<void> {
  await client.query(
    `SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = '256MB'`,
  );
  const indexes = await dropIndexes(client);
  for (let from = 1; from <= ROWS; from += CHUNK) {
    const to = Math.min(from + CHUNK - 1, ROWS);
    const rows = `(SELECT md5('message ' || i)::uuid AS id, left(encode(sha256(convert_to('owner ' || i % ${String(OWNERS)}, 'UTF8')), 'base64'), 43) AS owner, sha256(int8send(i)) AS hash,
      date_trunc('milliseconds', now() - interval '1 day' * (1.5 + ${String(OLDEST_DAYS - 2)} * (1 - i / ${String(ROWS)}.0))) AS at FROM generate_series(${String(from)}::bigint, ${String(to)}::bigint) AS i) AS r`;
    await client.query(`INSERT INTO message (id, owner, sealed_sha256, key_id, status, accepted_at, expires_at, ended_at, attempts, receipt)
      SELECT id, owner, hash, substring(hash FROM 1 FOR 16), 'delivered', at, at + interval '7 days', at + interval '3 seconds', 1, repeat(encode(hash, 'hex'), 16) FROM ${rows}`);
    await client.query(
      `INSERT INTO idempotency_key (owner, key, message_id, sealed_sha256, created_at) SELECT owner, id::text, id, hash, at FROM ${rows}`,
    );
    await client.query(`INSERT INTO reservation (id, message_id, owner, state, reserved_micro_usd, settled_micro_usd, reserved_at, settled_at, price_version)
      SELECT gen_random_uuid(), id, owner, 'settled', 30000, 20000, at, at + interval '3 seconds', 'bench' FROM ${rows}`);
    progress(`${(to / 1000).toFixed(0)} of ${(ROWS / 1000).toFixed(0)} thousand messages`);
  }
  await client.query(`INSERT INTO budget_window (scope, subject, starts_at, spent_micro_usd)
    SELECT 'user_day'::"BudgetScope", owner, date_trunc('day', reserved_at), sum(settled_micro_usd) FROM reservation GROUP BY 2, 3
    UNION ALL SELECT 'system_day', '', date_trunc('day', reserved_at), sum(settled_micro_usd) FROM reservation GROUP BY 3
    UNION ALL SELECT 'system_hour', '', date_trunc('hour', reserved_at), sum(settled_micro_usd) FROM reservation GROUP BY 3`);
  for (const index of indexes) await client.query(index);
  await client.query(`RESET session_replication_role; RESET synchronous_commit; RESET maintenance_work_mem`);
  await settle(client);
}

/**
 * Drops the indexes that belong to no constraint, since making them after the rows costs less.
 * @returns the statements that make the indexes
 */
async function dropIndexes(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; statement: string }>(
    `SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS statement FROM pg_index i
     WHERE i.indrelid = ANY ($1::regclass[]) AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)`,
    [TABLES],
  );
  for (const { name } of rows) await client.query(`DROP INDEX ${name}`);
  return rows.map(({ statement }) => statement);
}

/** Analyzes, vacuums and checkpoints now, so that PostgreSQL does none of these because of the new rows during the measurement. */
async function settle(client: Client): Promise<void> {
  await client.query(`VACUUM (ANALYZE) ${TABLES.join(', ')}`);
  await client.query('CHECKPOINT');
}

export async function sizeMiB(client: Client): Promise<number> {
  const { rows } = await client.query<{ bytes: string }>(`SELECT pg_database_size(current_database())::text AS bytes`);
  return Number(rows[0]?.bytes) / 2 ** 20;
}

/** Returns how many rows sequential scans have read so far, by table. In tables with a million rows there should be almost none. */
export async function scannedRows(client: Client): Promise<ReadonlyMap<string, number>> {
  const { rows } = await client.query<{ relname: string; read: string }>(
    `SELECT relname, seq_tup_read::text AS read FROM pg_stat_user_tables WHERE relname = ANY ($1)`,
    [TABLES],
  );
  return new Map(rows.map(({ relname, read }) => [relname, Number(read)]));
}
