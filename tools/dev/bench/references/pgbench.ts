import type { Postgres } from '@communique-tee/testing/postgres';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Pool } from 'pg';
import { isInstalled } from '../process/run-part';
import { runClosedLoop } from '../load/closed-loop';

const DATABASE = 'reference';
/** A message and its job in one row. */
const TABLE = `CREATE TABLE accepted (
  id uuid PRIMARY KEY, owner char(43) NOT NULL, sealed_sha256 bytea NOT NULL, key_id bytea NOT NULL, sealed bytea NOT NULL,
  accepted_at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz NOT NULL)`;
const OWNER = 'o'.repeat(43);

interface Options {
  readonly connections: number;
  readonly seconds: number;
  readonly sealedBytes: number;
}

export interface Inserting {
  readonly what: string;
  readonly note: string;
  /** Rows per second. */
  measure(): Promise<number>;
}

/**
 * Prepares a measurement of inserts, one row in each transaction. pgbench inserts if it is installed, and otherwise the package pg with the
 * same statement. Both send the row's bytes each time.
 */
export async function prepareInserts(postgres: Postgres, options: Options): Promise<Inserting> {
  const url = await postgres.createDatabase(DATABASE);
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(TABLE).finally(() => client.end());
  const what = `one-row transactions of the same PostgreSQL, ${String(options.connections)} connections`;
  return isInstalled('pgbench')
    ? { what: `pgbench: ${what}`, note: '-j 1 -M prepared', measure: () => byPgbench(postgres, url, options) }
    : {
        what: `a loop with pg: ${what}`,
        note: 'no pgbench on this machine; the loop is slower than pgbench',
        measure: () => byLoop(url, options),
      };
}

async function byPgbench(
  postgres: Postgres,
  url: string,
  { connections, seconds, sealedBytes }: Options,
): Promise<number> {
  const script = join(postgres.folder, 'insert.sql');
  const hex = (bytes: number) => `\\x${randomBytes(bytes).toString('hex')}`;
  writeFileSync(
    script,
    `INSERT INTO accepted (id, owner, sealed_sha256, key_id, sealed, expires_at) VALUES (gen_random_uuid(), :owner, :sha::bytea, :key::bytea, :sealed::bytea, now() + interval '1 hour');\n`,
  );
  const { port, pathname, username, password } = new URL(url);
  const variables = { owner: OWNER, sha: hex(32), key: hex(16), sealed: hex(sealedBytes) };
  const { stdout } = await promisify(execFile)(
    'pgbench',
    [
      ...[
        '-h',
        '127.0.0.1',
        '-p',
        port,
        '-U',
        username,
        '-n',
        '-c',
        String(connections),
        '-j',
        '1',
        '-T',
        String(seconds),
        '-M',
        'prepared',
        '-f',
        script,
      ],
      ...Object.entries(variables).flatMap(([name, value]) => ['-D', `${name}=${value}`]),
      pathname.slice(1),
    ],
    { env: { ...process.env, PGPASSWORD: password } },
  );
  const rate = Number(/^tps = ([0-9.]+)/m.exec(stdout)?.[1]);
  if (!Number.isFinite(rate)) throw new Error(`pgbench reported no rate:\n${stdout}`);
  return rate;
}

async function byLoop(url: string, { connections, seconds, sealedBytes }: Options): Promise<number> {
  const pool = new Pool({ connectionString: url, max: connections });
  const values = [OWNER, randomBytes(32), randomBytes(16), randomBytes(sealedBytes)];
  const statement = {
    name: 'accepted',
    text: `INSERT INTO accepted (id, owner, sealed_sha256, key_id, sealed, expires_at) VALUES (gen_random_uuid(), $1, $2, $3, $4, now() + interval '1 hour')`,
    values,
  };
  try {
    const { ratePerSecond } = await runClosedLoop(
      { senders: connections, warmUpMs: 1000, durationMs: seconds * 1000 },
      async () => void (await pool.query(statement)),
    );
    return ratePerSecond;
  } finally {
    await pool.end();
  }
}
