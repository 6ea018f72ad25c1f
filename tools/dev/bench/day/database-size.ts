import { Client } from 'pg';

/** The tables that grow or change most with each message. */
const TABLES = ['message', 'delivery_job', 'idempotency_key', 'reservation'] as const;

export interface DatabaseSize {
  readonly mib: number;
  /** The database's size after VACUUM FULL of `TABLES`. */
  readonly packedMib: number;
  readonly tables: readonly TableState[];
}

export interface TableState {
  readonly name: string;
  readonly mib: number;
  /** How often autovacuum ran since the server's last crash, which resets PostgreSQL's counters. */
  readonly autovacuums: number;
  readonly live: number;
  readonly dead: number;
}

export async function databaseSize(databaseUrl: string): Promise<DatabaseSize> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const mib = await sizeMiB(client);
    const { rows: tables } = await client.query<TableState>(
      `SELECT relname AS name, pg_total_relation_size(relid) / 1048576.0::float8 AS mib, autovacuum_count::int AS autovacuums, n_live_tup::int AS live, n_dead_tup::int AS dead
       FROM pg_stat_user_tables WHERE relname = ANY ($1) ORDER BY 2 DESC`,
      [TABLES],
    );
    for (const table of TABLES) await client.query(`VACUUM FULL ${table}`);
    return { mib, packedMib: await sizeMiB(client), tables };
  } finally {
    await client.end();
  }
}

/** Returns how many MiB PostgreSQL has written to its write-ahead log since the server was made. */
export async function logMiB(databaseUrl: string): Promise<number> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ bytes: string }>(
      `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS bytes`,
    );
    return Number(rows[0]?.bytes) / 2 ** 20;
  } finally {
    await client.end();
  }
}

async function sizeMiB(client: Client): Promise<number> {
  const { rows } = await client.query<{ bytes: string }>(`SELECT pg_database_size(current_database())::text AS bytes`);
  return Number(rows[0]?.bytes) / 2 ** 20;
}
