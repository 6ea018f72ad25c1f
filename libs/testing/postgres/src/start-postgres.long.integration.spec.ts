import { existsSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';

import { Client } from 'pg';

import { freePort, isRunning, temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { startPostgres, type Postgres } from '.';

async function query<T extends object>(url: string, sql: string): Promise<T[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

const mainProcess = async (url: string) => {
  const [row] = await query<{ file: string }>(url, "select pg_read_file('postmaster.pid') as file");
  return Number(row?.file.split('\n')[0]);
};

describe('the PostgreSQL server of the tests', () => {
  let postgres: Postgres;

  beforeAll(async () => {
    postgres = await startPostgres({ own: true });
  });
  afterAll(() => postgres.stop());

  it('is PostgreSQL 18 on the loopback interface', async () => {
    const [row] = await query<{ version: string; address: string }>(
      postgres.url,
      "select version(), current_setting('listen_addresses') as address",
    );
    expect(row?.version).toMatch(/^PostgreSQL 18\./);
    expect(row?.address).toBe('127.0.0.1');
  });

  it('refuses a wrong password', async () => {
    const url = new URL(postgres.url);
    url.password = 'wrong';
    await expect(query(url.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
  });

  it('creates databases that are separate from each other', async () => {
    const [one, two] = [await postgres.createDatabase(), await postgres.createDatabase()];
    await query(one, 'create table only_here (id int)');
    await expect(query(two, 'select * from only_here')).rejects.toMatchObject({ code: '42P01' });
  });

  it('returns the URL of a database that already exists', async () => {
    const first = await postgres.createDatabase('quoted "name"');
    await query(first, 'create table kept (id int)');
    expect(await postgres.createDatabase('quoted "name"')).toBe(first);
    expect(await query(first, 'select * from kept')).toEqual([]);
  });

  it('has all committed data after a kill and a restart', async () => {
    const url = await postgres.createDatabase();
    await query(url, 'create table survivors (id int); insert into survivors values (7)');
    const before = await mainProcess(url);
    await postgres.kill();
    expect(isRunning(before)).toBe(false);
    await expect(query(url, 'select 1')).rejects.toThrow();
    await postgres.restart();
    expect(await query(url, 'select id from survivors')).toEqual([{ id: 7 }]);
    expect(await mainProcess(url)).not.toBe(before);
  });

  it('can be restarted while it runs', async () => {
    const before = await mainProcess(postgres.url);
    await postgres.restart();
    expect(await mainProcess(postgres.url)).not.toBe(before);
  });
});

describe('a separate server', () => {
  let folder: TemporaryFolder;

  beforeEach(async () => {
    folder = await temporaryFolder();
    await chmod(folder.path, 0o711); // so that the server's user can enter the folder if we are root
  });
  afterEach(() => folder.remove());

  it('leaves neither process nor data if it is not persistent', async () => {
    const postgres = await startPostgres({ own: true });
    const pid = await mainProcess(postgres.url);
    await postgres.stop();
    expect(isRunning(pid)).toBe(false);
    expect(existsSync(postgres.folder)).toBe(false);
  });

  it('keeps its data, password and durable settings in a named folder, on the given port', async () => {
    const port = await freePort();
    const first = await startPostgres({ folder: folder.file('postgres'), port });
    await query(first.url, 'create table kept (id int); insert into kept values (1)');
    await first.stop();
    const second = await startPostgres({ folder: folder.file('postgres'), port });
    try {
      expect(second.url).toBe(first.url);
      expect(await query(second.url, "select id, current_setting('fsync') as fsync from kept")).toEqual([
        { id: 1, fsync: 'on' },
      ]);
    } finally {
      await second.stop();
    }
  });

  it('keeps its data even if the server’s user cannot enter the named folder', async () => {
    await chmod(folder.path, 0o700);
    const first = await startPostgres({ folder: folder.file('postgres') });
    await query(first.url, 'create table kept (id int)');
    await first.stop();
    const second = await startPostgres({ folder: folder.file('postgres') });
    try {
      expect(await query(second.url, 'select * from kept')).toEqual([]);
    } finally {
      await second.stop();
      await rm(second.folder, { recursive: true, force: true });
    }
  });

  it('is not started in a folder in which another server runs', async () => {
    const postgres = await startPostgres({ folder: folder.file('postgres') });
    try {
      await expect(startPostgres({ folder: folder.file('postgres') })).rejects.toMatchObject({
        code: 'POSTGRES_FOLDER_IN_USE',
      });
      expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    } finally {
      await postgres.stop();
    }
  });

  it('reports why it did not start', async () => {
    await expect(startPostgres({ settings: { max_connections: 'none' } })).rejects.toMatchObject({
      code: 'POSTGRES_START_FAILED',
      message: expect.stringContaining('max_connections') as string,
    });
  });

  it('is not started on a port that is taken', async () => {
    const postgres = await startPostgres({ own: true });
    try {
      await expect(startPostgres({ port: postgres.port })).rejects.toMatchObject({ code: 'POSTGRES_START_FAILED' });
    } finally {
      await postgres.stop();
    }
  });
});
