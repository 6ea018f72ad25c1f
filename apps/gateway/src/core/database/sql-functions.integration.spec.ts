import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import { Client } from 'pg';

const folder = join(workspaceRoot(), 'prisma', 'sql');

describe('prisma/sql', () => {
  let postgres: Postgres;
  let client: Client;
  beforeAll(async () => {
    postgres = await startPostgres();
    client = new Client({ connectionString: await postgres.createMigratedDatabase() });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await postgres.stop();
  });

  /** The definition of every function of ours, as PostgreSQL stores it. */
  async function definitions(): Promise<string[]> {
    const { rows } = await client.query<{ definition: string }>(`
      SELECT pg_get_functiondef(p.oid) AS definition FROM pg_proc p
      WHERE pronamespace = 'public'::regnamespace AND prokind = 'f' ORDER BY 1`);
    return rows.map(({ definition }) => definition);
  }

  it('defines every function exactly as the migrated database has it', async () => {
    const migrated = await definitions();
    expect(migrated.map((definition) => /FUNCTION public\.(\w+)/.exec(definition)?.[1])).toEqual([
      'accept_messages',
      'dispatch_agent_call',
      'end_agent_call',
      'end_overdue_agent_call',
      'reserve_agent_call',
      'spending_stopped',
      'wait_for_spending',
    ]);
    await client.query('BEGIN; DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE emergency_stop ();');
    for (const name of readdirSync(folder)) await client.query(readFileSync(join(folder, name), 'utf8'));
    const source = await definitions();
    await client.query('ROLLBACK');
    expect(source).toEqual(migrated);
  });
});
