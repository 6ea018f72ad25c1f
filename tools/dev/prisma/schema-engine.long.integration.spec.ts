import { spawn } from 'node:child_process';
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import { startPostgres, type Postgres } from '@communique-tee/testing/postgres';
import { Client } from 'pg';

const root = workspaceRoot();

const SCHEMA = `
datasource db {
  provider = "postgresql"
}

model Letter {
  id    Int    @id
  title String
}
`;
const CREATE =
  'CREATE TABLE "Letter" ("id" INTEGER NOT NULL, "title" TEXT NOT NULL, CONSTRAINT "Letter_pkey" PRIMARY KEY ("id"));\n';
// The function's body contains semicolons. If the engine cut the script at each semicolon, the script would not run.
const FUNCTION = `
CREATE FUNCTION shout(word TEXT) RETURNS TEXT LANGUAGE plpgsql AS $$
BEGIN
  IF word IS NULL THEN RETURN '!'; END IF;
  RETURN upper(word) || '!';
END;
$$;
`;

/** Runs the real CLI with schema-engine.mjs and a real PostgreSQL. */
describe('the schema engine behind the Prisma CLI', () => {
  let postgres: Postgres;
  let folder: TemporaryFolder;
  let config: string;
  let url: string;

  const prisma = async (args: string[], databaseUrl = url) => {
    const child = spawn(process.execPath, [join(root, 'tools/dev/prisma/cli.mjs'), ...args, '--config', config], {
      cwd: root,
      env: {
        ...process.env,
        DATABASE_URL: databaseUrl,
        PRISMA_SCHEMA_ENGINE_BINARY: join(root, 'tools/dev/prisma/schema-engine.mjs'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
    return { code, output: `${stdout}${stderr}` };
  };
  const query = async (sql: string): Promise<unknown[]> => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<object>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  const migration = async (name: string, sql: string) => {
    await mkdir(folder.file('migrations', name), { recursive: true });
    await writeFile(folder.file('migrations', name, 'migration.sql'), sql);
  };

  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    folder = await temporaryFolder();
    config = folder.file('prisma.config.mjs');
    await writeFile(folder.file('schema.prisma'), SCHEMA);
    await writeFile(
      config,
      `export default { schema: ${JSON.stringify(folder.file('schema.prisma'))}, migrations: { path: ${JSON.stringify(folder.file('migrations'))} }, datasource: { url: process.env.DATABASE_URL } };`,
    );
    await migration('20260101000000_letters', CREATE);
    await writeFile(folder.file('migrations', 'migration_lock.toml'), 'provider = "postgresql"\n');
    url = await postgres.createDatabase();
  });
  afterEach(() => folder.remove());

  it('deploys each migration once, even if a function body contains semicolons', async () => {
    await migration('20260102000000_shout', FUNCTION);
    const first = await prisma(['migrate', 'deploy']);
    expect(first).toMatchObject({ code: 0, output: expect.stringContaining('20260102000000_shout') as string });
    expect(await query(`select shout('heard') as said, (select count(*)::int from "Letter") as letters`)).toEqual([
      { said: 'HEARD!', letters: 0 },
    ]);
    expect(await prisma(['migrate', 'deploy'])).toMatchObject({
      code: 0,
      output: expect.stringContaining('No pending migrations') as string,
    });
    expect((await prisma(['migrate', 'status'])).output).toContain('Database schema is up to date');
  });

  it('creates a database that does not exist', async () => {
    url = url.replace(/[^/]+$/, 'made_by_prisma');
    expect(await prisma(['migrate', 'deploy'])).toMatchObject({
      code: 0,
      output: expect.stringContaining('made_by_prisma created') as string,
    });
    expect(await query('select * from "Letter"')).toEqual([]);
  });

  it('rolls back a failed migration as a whole, and refuses further migrations until the failure is resolved', async () => {
    const name = '20260102000000_broken';
    await migration(name, 'CREATE TABLE half (id INT);\nSELECT no_such_function();\n');
    expect(await prisma(['migrate', 'deploy'])).toMatchObject({
      code: 1,
      output: expect.stringContaining('no_such_function') as string,
    });
    expect(await query("select to_regclass('half') as half")).toEqual([{ half: null }]);
    expect(await prisma(['migrate', 'deploy'])).toMatchObject({
      code: 1,
      output: expect.stringContaining('P3009') as string,
    });
    await migration(name, 'CREATE TABLE whole (id INT);\n');
    expect((await prisma(['migrate', 'resolve', '--rolled-back', name])).code).toBe(0);
    expect((await prisma(['migrate', 'deploy'])).code).toBe(0);
    expect(await query("select to_regclass('whole')::text as whole")).toEqual([{ whole: 'whole' }]);
  });

  it('reports whether schema and database agree', async () => {
    await prisma(['migrate', 'deploy']);
    const compare = () =>
      prisma([
        'migrate',
        'diff',
        '--from-config-datasource',
        '--to-schema',
        folder.file('schema.prisma'),
        '--exit-code',
        '--script',
      ]);
    expect((await compare()).code).toBe(0);
    await writeFile(
      folder.file('schema.prisma'),
      SCHEMA.replace('title String', 'title String\n  urgent Boolean @default(false)'),
    );
    expect(await compare()).toMatchObject({
      code: 2,
      output: expect.stringContaining('ADD COLUMN     "urgent"') as string,
    });
  });

  it('compares migrations with a schema through a shadow database, and removes that database', async () => {
    await prisma(['migrate', 'deploy']);
    await writeFile(folder.file('schema.prisma'), SCHEMA.replace('title String', 'title String\n  subtitle String?'));
    const written = await prisma([
      'migrate',
      'diff',
      '--from-migrations',
      folder.file('migrations'),
      '--to-schema',
      folder.file('schema.prisma'),
      '--script',
    ]);
    expect(written).toMatchObject({
      code: 0,
      output: expect.stringContaining('ADD COLUMN     "subtitle" TEXT;') as string,
    });
    expect(written.output).not.toContain('title" TEXT NOT NULL');
    expect(await query("select datname from pg_database where datname like '%shadow%'")).toEqual([]);
  });

  it('applies pending migrations with `migrate dev`, then writes the next one and applies it', async () => {
    if (process.platform !== 'linux') return; // `migrate dev` needs a terminal, which script(1) provides here
    await writeFile(folder.file('schema.prisma'), SCHEMA.replace('title String', 'title String\n  subtitle String?'));
    const command = `"${process.execPath}" tools/dev/prisma/cli.mjs migrate dev --name subtitles --config "${config}"`;
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      cwd: root,
      env: { ...process.env, DATABASE_URL: url },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
    const output = await text(child.stdout);
    expect({ code: await closed, output }).toEqual({
      code: 0,
      output: expect.stringContaining('in sync with your schema') as string,
    });
    expect((await readdir(folder.file('migrations'))).some((name) => name.endsWith('_subtitles'))).toBe(true);
    expect(await query('select id, title, subtitle from "Letter"')).toEqual([]);
    expect(await query("select datname from pg_database where datname like '%shadow%'")).toEqual([]);
  });

  it('reports a failed connection with Prisma’s error code', async () => {
    const wrong = new URL(url);
    wrong.password = 'wrong';
    expect(await prisma(['migrate', 'deploy'], wrong.href)).toMatchObject({
      code: 1,
      output: expect.stringContaining('P1000') as string,
    });
    expect(await prisma(['migrate', 'deploy'], 'postgresql://postgres:pw@127.0.0.1:1/none')).toMatchObject({
      code: 1,
      output: expect.stringContaining('P1001') as string,
    });
  });

  it('refuses a database whose old migrations a single one replaced, and changes nothing', async () => {
    await query(`CREATE TABLE _prisma_migrations (id VARCHAR(36) PRIMARY KEY, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ,
      migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ, started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0)`);
    await query(
      "INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('1', 'x', '20261122090000_first', now())",
    );
    expect(await prisma(['migrate', 'deploy'])).toMatchObject({
      code: 1,
      output: expect.stringContaining('create an empty database and migrate that') as string,
    });
    expect(await query('SELECT migration_name FROM _prisma_migrations')).toEqual([
      { migration_name: '20261122090000_first' },
    ]);
  });

  it('finds no difference between the project’s migrations and its schema', async () => {
    await cp(join(root, 'prisma/schema.prisma'), folder.file('schema.prisma'));
    await cp(join(root, 'prisma/migrations'), folder.file('migrations'), { recursive: true, force: true });
    await cp(join(root, 'prisma/migrations'), folder.file('project'), { recursive: true });
    await writeFile(
      config,
      `export default { schema: ${JSON.stringify(folder.file('schema.prisma'))}, migrations: { path: ${JSON.stringify(folder.file('project'))} }, datasource: { url: process.env.DATABASE_URL } };`,
    );
    expect((await prisma(['migrate', 'deploy'])).code).toBe(0);
    expect(
      await prisma([
        'migrate',
        'diff',
        '--from-config-datasource',
        '--to-schema',
        folder.file('schema.prisma'),
        '--exit-code',
        '--script',
      ]),
    ).toMatchObject({ code: 0 });
  });
});
