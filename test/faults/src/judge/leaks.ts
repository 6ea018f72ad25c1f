import { filesBelow, find, type Leftover, type System } from '@communique-tee/test-system';
import { Client } from 'pg';
import type { Violation } from './violation';

/** Searches the database and the logs, except Congress's, for the secrets of a proven message. */
export async function findSecrets(system: System, secrets: Readonly<Record<string, Uint8Array>>): Promise<Violation[]> {
  const logs = filesBelow(system.logFolder).filter(({ where }) => !where.endsWith('congress.log'));
  const remains = [...logs, ...(await tables(system.databaseUrl))];
  return find(secrets, remains).map(({ field, encoding, where }) => ({
    rule: 'secret_left',
    about: field,
    detail: `${encoding}, in ${where}`,
  }));
}

async function tables(connectionString: string): Promise<Leftover[]> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')",
    );
    const dumps: Leftover[] = [];
    for (const { name } of rows) {
      const { rows: dump } = await client.query<{ row: string }>(`SELECT row_to_json(t)::text AS row FROM ${name} t`);
      dumps.push({ where: `table ${name}`, bytes: Buffer.from(dump.map(({ row }) => row).join('\n')) });
    }
    return dumps;
  } finally {
    await client.end();
  }
}
