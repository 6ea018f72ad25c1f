import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { commandAvailability, describeWith } from '@communique-tee/testing/harness';
import { migrate, startPostgres, type Postgres } from '@communique-tee/testing/postgres';
import { Client } from 'pg';
import { renderParentFiles } from './index';
import { ON_PARENT } from './testing/example-settings';
import { run } from './testing/run';
import { stageScripts, type StagedScripts } from './testing/staged-scripts';

describeWith(commandAvailability('psql', 'postgresql-client'), 'the roles of PostgreSQL on the parent', () => {
  let staged: StagedScripts;
  let postgres: Postgres;
  let owner: string;
  let gateway: Client;
  const urlOf = (user: string, database = 'communique') =>
    `postgresql://${user}:test@127.0.0.1:${String(postgres.port)}/${database}`;
  /** Runs prepare-database. The test's PostgreSQL has no system users for the roles, so they sign in with a password. */
  const prepare = () =>
    run(join(staged.programs, 'prepare-database'), ['127.0.0.1'], {
      env: { PATH: '/usr/bin:/bin', PGPORT: String(postgres.port), PGPASSWORD: new URL(postgres.url).password },
    });
  const as = async <T>(url: string, work: (client: Client) => Promise<T>): Promise<T> => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };

  beforeAll(async () => {
    staged = await stageScripts('database-roles');
    await chmod(staged.folder.path, 0o755);
    postgres = await startPostgres({ own: true });
    expect(await prepare()).toEqual({ code: 0, stdout: '', stderr: '' });
    await as(postgres.url, (client) =>
      client.query("ALTER ROLE communique PASSWORD 'test'; ALTER ROLE communique_gateway PASSWORD 'test'"),
    );
    owner = urlOf('communique');
    await migrate(owner);
    // After the migrations, communique-migrate revokes rights with this command, as the same role
    const unit =
      renderParentFiles(ON_PARENT)['/etc/systemd/system/communique-migrate.service.d/20-postgresql.conf']?.content;
    const revoke = /--command "(REVOKE .*)"$/m.exec(unit ?? '')?.[1];
    if (revoke === undefined) throw new Error('communique-migrate revokes nothing');
    await as(owner, (client) => client.query(revoke));
    gateway = new Client({ connectionString: urlOf('communique_gateway') });
    await gateway.connect();
  }, 120_000);
  afterAll(async () => {
    await (gateway as Client | undefined)?.end();
    await (postgres as Postgres | undefined)?.stop();
    await staged.folder.remove();
  });

  it("let the gateway's role read and write rows of every table, read _prisma_migrations, and call every function", async () => {
    const { rows } = await gateway.query<{ name: string; rights: boolean[] }>(`
      SELECT c.relname AS name, array(SELECT has_table_privilege(c.oid, r) FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS r) AS rights
      FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') ORDER BY 1`);
    expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(['message', 'emergency_stop', 'sealed_key']));
    for (const { name, rights } of rows)
      expect([name, rights]).toEqual([
        name,
        name === '_prisma_migrations' ? [true, false, false, false] : [true, true, true, true],
      ]);
    const functions = await gateway.query<{ name: string; may: boolean }>(
      "SELECT proname AS name, has_function_privilege(oid, 'EXECUTE') AS may FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    );
    expect(functions.rows.length).toBeGreaterThan(0);
    for (const { name, may } of functions.rows) expect([name, may]).toEqual([name, true]);
  });

  it('let the gateway’s role insert and delete an emergency stop, whose triggers run with the role’s rights', async () => {
    await gateway.query("INSERT INTO emergency_stop (id, reason) VALUES (gen_random_uuid(), 'a trial')");
    expect((await gateway.query('DELETE FROM emergency_stop')).rowCount).toBe(1);
  });

  it.each([
    'CREATE TABLE mine (id int)',
    'CREATE TEMP TABLE mine (id int)',
    'CREATE SCHEMA mine',
    'DROP TABLE message',
    'DROP TABLE message CASCADE',
    'ALTER TABLE message ADD COLUMN mine int',
    'ALTER TABLE emergency_stop DISABLE TRIGGER ALL',
    'ALTER TABLE message OWNER TO communique_gateway',
    'TRUNCATE message CASCADE',
    'TRUNCATE emergency_stop',
    'CREATE INDEX mine ON message (id)',
    'CREATE TRIGGER mine BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION wait_for_spending()',
    'CREATE OR REPLACE FUNCTION spending_stopped() RETURNS boolean LANGUAGE sql AS $$ SELECT false $$',
    'DROP FUNCTION spending_stopped()',
    'ALTER DEFAULT PRIVILEGES FOR ROLE communique GRANT ALL ON TABLES TO PUBLIC',
    'DELETE FROM _prisma_migrations',
    'SET ROLE communique',
    'SET SESSION AUTHORIZATION communique',
    'CREATE ROLE mine',
    'CREATE DATABASE mine',
    "COPY message TO PROGRAM 'cat'",
    "SET session_replication_role = 'replica'",
    'CREATE EXTENSION plperlu',
  ])('do not let the gateway’s role run: %s', async (statement) => {
    await expect(gateway.query(statement)).rejects.toMatchObject({ code: '42501' });
  });

  it("keep all rights and rows when prepare-database runs again, and let the gateway's role use tables of later migrations", async () => {
    await as(owner, (client) => client.query('CREATE TABLE later (id bigserial PRIMARY KEY)'));
    await gateway.query('INSERT INTO later DEFAULT VALUES');
    expect(await prepare()).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await gateway.query('SELECT count(*)::int AS n FROM later')).rows).toEqual([{ n: 1 }]);
    await expect(gateway.query('DROP TABLE later')).rejects.toMatchObject({ code: '42501' });
  });

  it('give the gateway’s role missing rights on older tables when prepare-database runs again', async () => {
    await as(owner, (client) =>
      client.query('CREATE TABLE before (id int); REVOKE ALL ON before FROM communique_gateway'),
    );
    await expect(gateway.query('SELECT 1 FROM before')).rejects.toMatchObject({ code: '42501' });
    await prepare();
    await gateway.query('SELECT 1 FROM before');
  });
});
