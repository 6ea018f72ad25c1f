import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeWith, startSilentPort, workspaceRoot } from '@communique-tee/testing/harness';
import { startPostgres, type Postgres } from '@communique-tee/testing/postgres';
import { redisAvailability, startRedis, type Redis } from '@communique-tee/testing/redis';
import { Client } from 'pg';
import { lines, look } from '../testing/look';
import { compareMigrations } from './migrations';

const folder = join(workspaceRoot(), 'prisma', 'migrations');
const MIGRATIONS = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const files = Object.fromEntries(
  MIGRATIONS.map((name) => [
    `prisma/migrations/${name}/migration.sql`,
    readFileSync(join(folder, name, 'migration.sql'), 'utf8'),
  ]),
);
const said = async (
  name: string,
  env: Record<string, string>,
  more: string[] = [],
  changed: Record<string, string> = {},
) => {
  const found = await look(name, { files: { ...files, ...changed }, ports: { env } }, more);
  expect(JSON.stringify(found)).not.toMatch(/sesame/);
  return lines(found);
};

describe('database', () => {
  let postgres: Postgres;
  let url: string;
  const query = async (...statements: string[]) => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      for (const sql of statements) await client.query(sql);
    } finally {
      await client.end();
    }
  };
  const ask = (more: string[] = [], changed: Record<string, string> = {}) =>
    said('database', { DATABASE_URL: url }, more, changed);
  beforeAll(async () => {
    postgres = await startPostgres();
    url = await postgres.createMigratedDatabase();
  });
  afterAll(() => postgres.stop());

  it('skips if DATABASE_URL is not set', async () => {
    expect(await said('database', {})).toEqual(['skip: DATABASE_URL is not set']);
  });
  it('passes if every migration is applied', async () => {
    expect(await ask()).toEqual([
      expect.stringMatching(/^pass: PostgreSQL 18\S* answers$/),
      `pass: all ${String(MIGRATIONS.length)} migrations applied`,
      'pass: templates have the agent-agnostic fields sources, moderation, original_content, change_log, and runs of agents',
    ]);
  });
  it('fails when templates lack an agent-agnostic field, or have a column of one provider', async () => {
    await query('ALTER TABLE template RENAME COLUMN moderation TO openai_moderation');
    const lacking = await ask();
    await query('ALTER TABLE template RENAME COLUMN openai_moderation TO moderation');
    await query('ALTER TABLE template ADD COLUMN claude_score real');
    const tied = await ask();
    await query('ALTER TABLE agent_run RENAME COLUMN cost_micro_usd TO cost');
    const runless = await ask();
    await query('ALTER TABLE agent_run RENAME COLUMN cost TO cost_micro_usd');
    await query('ALTER TABLE template DROP COLUMN claude_score');
    expect(lacking).toContainEqual('fail: templates lack agent-agnostic fields: moderation');
    expect(runless).toContainEqual('fail: templates lack agent-agnostic fields: agent_run.cost_micro_usd');
    expect(tied).toContainEqual('fail: columns of templates name a provider: claude_score');
  });
  it('fails for missing, changed and unfinished migrations, and warns of unknown ones', async () => {
    expect(await ask([], { 'prisma/migrations/29990101000000_next/migration.sql': 'SELECT 1' })).toContainEqual(
      expect.stringMatching(/^fail: 1 of \d+ migrations are missing: 29990101000000_next$/),
    );
    expect(await ask([], { [`prisma/migrations/${MIGRATIONS[0] ?? ''}/migration.sql`]: 'SELECT 1' })).toContainEqual(
      `fail: applied with SQL that differs from this checkout: ${MIGRATIONS[0] ?? ''}`,
    );
    await query(
      "INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count) VALUES ('later', 'x', '29990101000000_later', now(), now(), 1), ('broken', 'x', '29990102000000_broken', now(), NULL, 0), ('taken back', 'x', '29990103000000_back', now(), NULL, 0)",
    );
    await query("UPDATE _prisma_migrations SET rolled_back_at = now() WHERE id = 'taken back'");
    const found = await ask();
    await query("DELETE FROM _prisma_migrations WHERE id IN ('later', 'broken', 'taken back')");
    expect(found).toContainEqual('warn: the database has migrations that are not here: 29990101000000_later');
    expect(found).toContainEqual('fail: begun but not finished: 29990102000000_broken');
    expect(found.join()).not.toContain('29990103000000_back');
  });
  it('fails for a database with the old migrations that one migration replaced', async () => {
    await query(
      "INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count) VALUES ('old', 'x', '20261122090000_first', now(), now(), 1)",
    );
    const found = await ask();
    await query("DELETE FROM _prisma_migrations WHERE id = 'old'");
    expect(found.slice(1)).toEqual([
      'fail: the database has the old migrations, which one migration replaced on 2026-11-29',
    ]);
  });
  it('fails if no migration is applied, and passes after the command that it prints', async () => {
    const env = { DATABASE_URL: await postgres.createDatabase() };
    const found = await look('database', { files, ports: { env } });
    expect(lines(found)).toContain('fail: no migration has been applied');
    const command = found.find(({ status }) => status === 'fail')?.command ?? 'false';
    await promisify(execFile)('bash', ['--norc', '-c', command], {
      cwd: workspaceRoot(),
      env: { ...process.env, ...env },
    });
    expect((await look('database', { files, ports: { env } })).at(-1)?.status).toBe('pass');
  });
  it('fails if the database is read-only', async () => {
    const name = new URL(url).pathname.slice(1);
    await query(`ALTER DATABASE "${name}" SET default_transaction_read_only = on`);
    const found = await ask();
    await query(
      'SET default_transaction_read_only = off',
      `ALTER DATABASE "${name}" RESET default_transaction_read_only`,
    );
    expect(found).toContainEqual(expect.stringMatching(/^fail: it takes no writes/));
  });

  const changed = (change: (at: URL) => void): string => {
    const at = new URL(url);
    change(at);
    return at.href;
  };
  it.each<[string, () => string, RegExp]>([
    [
      'a wrong password',
      () => changed((at) => (at.password = 'sesame')),
      /^fail: PostgreSQL does not take this user and password \(28P01\)/,
    ],
    ['no such database', () => changed((at) => (at.pathname = '/none')), /^fail: PostgreSQL has no such database/],
    [
      'a URL with TLS to a server without TLS',
      () => changed((at) => at.searchParams.set('sslmode', 'verify-full')),
      /^fail: the server has no TLS/,
    ],
    [
      'no server',
      () => 'postgresql://u:sesame@127.0.0.1:1/x',
      /^fail: PostgreSQL is not reachable from here \(ECONNREFUSED\)/,
    ],
    [
      'a value that is not a URL',
      () => 'postgresql://u:p#sesame@host:99999/x',
      /^fail: DATABASE_URL is not a postgresql URL/,
    ],
    [
      'a file that is not there',
      () => 'postgresql://u:sesame@127.0.0.1:1/x?sslrootcert=/none.pem',
      /^fail: a certificate file that DATABASE_URL names is not there/,
    ],
  ])('explains %s', async (_name, address, words) => {
    expect((await said('database', { DATABASE_URL: address() }))[0]).toMatch(words);
  });
  it('fails if a connection to another machine would be without TLS', async () => {
    const found = await said('database', { DATABASE_URL: 'postgresql://u:sesame@nowhere.communique.test/x' }, [
      '--timeout',
      '20',
    ]);
    expect(found).toContain('fail: DATABASE_URL asks for no TLS');
  });
  it('fails after its time limit if the server does not answer', async () => {
    await using silent = await startSilentPort();
    expect(
      await said('database', { DATABASE_URL: `postgresql://u:sesame@127.0.0.1:${String(silent.port)}/x` }, [
        '--timeout',
        '1',
      ]),
    ).toEqual(['fail: did not answer within 1 s; not checked']);
  });
});

it('compareMigrations compares by name and checksum', () => {
  const here = new Map([
    ['a', '1'],
    ['b', '2'],
  ]);
  expect(compareMigrations(here, [{ name: 'a', checksum: '1', finished: true, rolledBack: false }])).toEqual({
    total: 2,
    missing: ['b'],
    failed: [],
    changed: [],
    unknown: [],
  });
  expect(
    compareMigrations(here, [
      { name: 'a', checksum: '9', finished: true, rolledBack: false },
      { name: 'b', checksum: '2', finished: true, rolledBack: true },
    ]),
  ).toMatchObject({ missing: ['b'], changed: ['a'] });
});

describeWith(redisAvailability({ own: true }), 'redis', () => {
  let redis: Redis;
  beforeAll(async () => {
    redis = await startRedis({ own: true, settings: { 'maxmemory-policy': 'noeviction' } });
  });
  afterAll(() => redis.stop());

  it('passes with noeviction', async () => {
    expect(await said('redis', { REDIS_URL: redis.url })).toEqual([
      expect.stringMatching(/^pass: Redis [\d.]+ answers$/),
      'pass: maxmemory-policy noeviction',
    ]);
  });
  it('warns of a server that evicts keys, and says why no money and no message is at risk', async () => {
    await using other = await startRedis({ own: true, settings: { 'maxmemory-policy': 'allkeys-lru' } });
    expect(await said('redis', { REDIS_URL: other.url })).toContainEqual(
      expect.stringMatching(/^warn: maxmemory-policy allkeys-lru: .*No money and no message is at risk/),
    );
  });
  it('fails for a replica', async () => {
    await using other = await startRedis({ own: true, settings: { replicaof: '127.0.0.1 1' } });
    expect(await said('redis', { REDIS_URL: other.url })).toContainEqual(
      expect.stringMatching(/^fail: it is a replica/),
    );
  });
  it.each<[string, (port: number) => string, RegExp]>([
    [
      'a wrong password',
      (port) => `redis://:sesame@127.0.0.1:${String(port)}`,
      /^fail: Redis does not take this password/,
    ],
    ['no password', (port) => `redis://127.0.0.1:${String(port)}`, /^fail: Redis does not take this password/],
    ['no server', () => 'redis://:sesame@127.0.0.1:1', /^fail: Redis is not reachable from here \(ECONNREFUSED\)/],
    ['a value that is not a URL', () => 'redis://:sesame@[::1', /^fail: REDIS_URL is not a redis URL/],
    ['another scheme', () => 'http://:sesame@127.0.0.1', /^fail: REDIS_URL is not a redis URL/],
  ])('explains %s', async (_name, address, words) => {
    expect((await said('redis', { REDIS_URL: address(redis.port) }))[0]).toMatch(words);
  });
});

describe('redis, with a server that the gateway cannot use', () => {
  let server: Server;
  let answer = '';
  beforeAll(async () => {
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      // ioredis sends several commands at once.
      socket.on(
        'data',
        (asked) =>
          answer === '' || socket.write(answer.repeat(asked.toString('latin1').match(/^\*\d+\r$/gm)?.length ?? 1)),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  const url = () => `redis://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const bulk = (text: string) => `$${String(Buffer.byteLength(text))}\r\n${text}\r\n`;

  it.each<[string, string, RegExp]>([
    [
      'a cluster',
      bulk('redis_version:7.1.0\r\nredis_mode:cluster\r\nmaxmemory_policy:noeviction\r\n'),
      /fail: it is a cluster/,
    ],
    [
      'a server that does not tell its settings',
      bulk('redis_version:7.1.0\r\n'),
      /warn: it does not tell its maxmemory-policy/,
    ],
    ['garbage', 'HTTP/1.1 400 Bad Request\r\n\r\n', /fail: Redis cannot be used/],
    ['silence', '', /fail: did not answer within 1 s; not checked/],
  ])('reports %s', async (_name, words, expected) => {
    answer = words;
    expect((await said('redis', { REDIS_URL: url() }, words === '' ? ['--timeout', '1'] : [])).join('\n')).toMatch(
      expected,
    );
  });
});
