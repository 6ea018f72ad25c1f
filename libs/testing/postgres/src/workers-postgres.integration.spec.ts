import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { build } from 'esbuild';
import { Client } from 'pg';

import { isRunning, temporaryFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { startPostgres } from '.';
import { hashOfMigrations } from './migrate';

async function query<T extends object>(url: string, sql: string): Promise<T[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

const TABLES = "SELECT count(*)::int AS count FROM information_schema.tables WHERE table_schema = 'public'";

describe("the worker's PostgreSQL", () => {
  it('is one server for all callers without options, and a separate server for a caller with `own`', async () => {
    await using first = await startPostgres();
    await using second = await startPostgres();
    await using own = await startPostgres({ own: true });
    expect(second.port).toBe(first.port);
    expect(second.url).not.toBe(first.url);
    expect(own.port).not.toBe(first.port);
  });

  it('creates separate databases with the gateway’s tables', async () => {
    await using postgres = await startPostgres();
    const [one, two] = await Promise.all([postgres.createMigratedDatabase(), postgres.createMigratedDatabase()]);
    await query(one, 'DROP TABLE message CASCADE');
    expect(await query(two, 'SELECT * FROM message')).toEqual([]);
    expect(await query(postgres.url, TABLES)).toEqual([{ count: 0 }]);
  });

  it('removes the databases of a spec file that stops it, and cuts their connections', async () => {
    const postgres = await startPostgres();
    const url = await postgres.createMigratedDatabase();
    const client = new Client({ connectionString: url });
    const cut = new Promise<Error>((resolve) => client.on('error', resolve));
    await client.connect();
    await postgres.stop();
    expect(await cut).toMatchObject({ code: '57P01' });
    await expect(query(url, 'SELECT 1')).rejects.toMatchObject({ code: '3D000' });
    await expect(query(postgres.url, 'SELECT 1')).rejects.toMatchObject({ code: '3D000' });
  });

  it('refuses kill, restart and a named database, because other spec files use it', async () => {
    await using postgres = await startPostgres();
    for (const refused of [postgres.kill(), postgres.restart(), postgres.createDatabase('named')])
      await expect(refused).rejects.toMatchObject({ code: 'POSTGRES_NOT_OWNED' });
  });

  it('makes another template when the migrations change', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.file('1_first'));
    await writeFile(folder.file('1_first/migration.sql'), 'SELECT 1');
    const before = await hashOfMigrations(folder.path);
    expect(await hashOfMigrations(folder.path)).toBe(before);
    await writeFile(folder.file('1_first/migration.sql'), 'SELECT 2');
    expect(await hashOfMigrations(folder.path)).not.toBe(before);
  });

  it.each([
    ['its process ends normally', 'undefined'],
    ['its process is killed', "process.kill(process.pid, 'SIGKILL')"],
  ])('ends and leaves no files if %s', async (_title, end) => {
    const script = `
      import { workersPostgres } from './libs/testing/postgres/src/workers-postgres';
      workersPostgres().then(({ folder }) => {
        const pid = require('node:fs').readFileSync(folder + '/data/postmaster.pid', 'utf8').split('\\n')[0];
        require('node:fs').writeSync(1, JSON.stringify({ pid: Number(pid), folder }));
        ${end};
      });
    `;
    const { outputFiles } = await build({
      stdin: { contents: script, resolveDir: workspaceRoot() },
      bundle: true,
      write: false,
      format: 'cjs',
      platform: 'node',
      packages: 'external',
      tsconfig: join(workspaceRoot(), 'tsconfig.base.json'),
    });
    const owner = spawn(process.execPath, ['-e', outputFiles[0]?.text ?? ''], {
      cwd: workspaceRoot(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const chunks: Buffer[] = [];
    owner.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(owner, 'close');
    const { pid, folder } = JSON.parse(Buffer.concat(chunks).toString()) as { pid: number; folder: string };
    while (isRunning(pid) || existsSync(folder)) await sleep(20);
  });
});
