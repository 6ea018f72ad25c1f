import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { spawnService, temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import { migrate as prismaMigrateDeploy, startPostgres, type Postgres } from '@communique-tee/testing/postgres';
import pg from 'pg';
import { attachVerifier } from './build-release';
import { layOut, type Architecture } from './contents';
import { filesOf } from './manifest';

const HERE: Architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64';
let folder: TemporaryFolder;
let release: string;
let postgres: Postgres;

beforeAll(async () => {
  folder = await temporaryFolder('release-');
  release = folder.file('release');
  await layOut(workspaceRoot(), release, HERE);
  postgres = await startPostgres({ folder: folder.file('postgres') });
}, 300_000);
afterAll(async () => {
  await (postgres as Postgres | undefined)?.stop();
  await folder.remove();
});

interface Ended {
  readonly code: number;
  readonly events: readonly Record<string, unknown>[];
  readonly output: string;
}

async function migrate(databaseUrl: string | undefined, from = release): Promise<Ended> {
  const service = await spawnService({
    command: join(release, 'bin/node'),
    args: [join(from, 'migrate/main.mjs')],
    cwd: '/',
    env: databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl },
  });
  const { code } = await service.exited;
  const output = service.output();
  return {
    code: code ?? -1,
    output,
    events: output
      .split('\n')
      .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : [])),
  };
}

const appliedIn = async (url: string) => {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<{ migration_name: string; checksum: string }>(
      'SELECT migration_name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY migration_name',
    );
    return rows;
  } finally {
    await client.end();
  }
};

it('the release has the programs and licenses for the parent, and no path of this machine', async () => {
  const files = await filesOf(release);
  expect(Object.entries(files).flatMap(([path, { executable }]) => (executable ? [path] : []))).toEqual(['bin/node']);
  expect(Object.keys(files)).toEqual(
    expect.arrayContaining([
      'gateway/main.js',
      'gateway/koffi.node',
      'parent/main.js',
      'parent/koffi.node',
      'migrate/main.mjs',
      'operator/main.mjs',
      'LICENSE',
      'NOTICE',
      'bin/LICENSE',
    ]),
  );
  for (const [bundle, ...names] of [
    ['gateway', '@nestjs/core', 'fastify', 'pg', 'zod', 'koffi', 'swagger-ui-dist'],
    ['parent', 'koffi'],
    ['migrate', 'pg', '@prisma/schema-engine-wasm'],
    ['operator', 'pg', 'commander'],
  ] as const) {
    const licenses = await readFile(join(release, bundle, 'THIRD-PARTY-LICENSES.txt'), 'utf8');
    for (const name of names)
      expect([bundle, licenses]).toEqual([bundle, expect.stringMatching(new RegExp(`(^|, )${name} \\d`, 'm'))]);
  }
  for (const path of ['gateway/main.js', 'parent/main.js', 'migrate/main.mjs', 'operator/main.mjs'])
    expect((await readFile(join(release, path), 'utf8')).includes(workspaceRoot())).toBe(false);
});

it('the release does not contain the command that verifies the gateway, so that the gateway cannot serve a changed copy', async () => {
  for (const path of Object.keys(await filesOf(release))) {
    expect(path).not.toContain('communique-tee.mjs');
    if (/\.m?js$/.test(path))
      expect([
        path,
        (await readFile(join(release, path))).includes('Results go to standard output; steps and errors'),
      ]).toEqual([path, false]);
  }
});

it('attachVerifier puts the command for auditors and its hash beside the archive', async () => {
  const beside = folder.file('beside');
  const { name, sha256, sizeBytes } = await attachVerifier(workspaceRoot(), beside);
  const bytes = await readFile(join(beside, name));
  expect([bytes.length, createHash('sha256').update(bytes).digest('hex')]).toEqual([sizeBytes, sha256]);
  expect(await readFile(join(beside, `${name}.sha256`), 'utf8')).toBe(`${sha256}  communique-tee.mjs\n`);
});

it('the release has the same bytes for the other architecture, except Node and native parts', async () => {
  const native = ['bin/node', 'gateway/koffi.node', 'parent/koffi.node'];
  const other = folder.file('other');
  const referenceString = new TextEncoder().encode('the caller checks it');
  await layOut(workspaceRoot(), other, HERE === 'arm64' ? 'x86_64' : 'arm64', referenceString);
  // Only this release has a reference string. Its path must be the one in infra/parent/src/check-settings.spec.ts.
  const ofPage = 'gateway/reference-string-b177b63297a5.dat';
  expect(new Uint8Array(await readFile(join(other, ofPage)))).toEqual(referenceString);
  expect(Object.keys(await filesOf(release))).not.toContain(ofPage);
  await rm(join(other, ofPage));
  const machine = async (file: string) => (await readFile(join(other, file))).readUInt16LE(18);
  // ELF's e_machine: 0xb7 AArch64, 0x3e x86-64
  for (const file of native) expect([file, await machine(file)]).toEqual([file, HERE === 'arm64' ? 0x3e : 0xb7]);
  const same = async (at: string) =>
    Object.entries(await filesOf(at)).filter(([path]) => !native.includes(path) && !path.endsWith('/meta.json'));
  expect(await same(other)).toEqual(await same(release));
  await rm(other, { recursive: true });
});

it("the release has the operator's commands", async () => {
  const service = await spawnService({
    command: join(release, 'bin/node'),
    args: [join(release, 'operator/main.mjs'), 'status'],
    cwd: '/',
    env: {},
  });
  const { code } = await service.exited;
  expect([code, service.output()]).toEqual([2, expect.stringContaining('DATABASE_URL is not set')]);
});

describe('migrate', () => {
  it('applies the same migrations as prisma migrate deploy, with the same names and checksums, only once', async () => {
    const [ours, theirs] = [await postgres.createDatabase('ours'), await postgres.createDatabase('theirs')];
    await prismaMigrateDeploy(theirs);
    const first = await migrate(ours);
    expect([first.code, first.events.at(-1)]).toMatchObject([
      0,
      { event: 'migrated', applied: (await appliedIn(theirs)).length },
    ]);
    expect(await appliedIn(ours)).toEqual(await appliedIn(theirs));
    expect(await migrate(theirs)).toMatchObject({ code: 0, events: [{ event: 'migrated', applied: 0 }] });
    expect(await prismaMigrateDeploy(ours)).toContain('No pending migrations');
  });

  it('applies the migrations only once if three instances migrate at the same time', async () => {
    const url = await postgres.createDatabase('together');
    const ended = await Promise.all([migrate(url), migrate(url), migrate(url)]);
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0]);
    const applied = ended.map(({ events }) => Number(events.at(-1)?.['applied'])).sort();
    expect(applied).toEqual([0, 0, (await appliedIn(url)).length]);
  });

  it('ends with 1 if the database does not answer, and prints no password', async () => {
    const { code, events, output } = await migrate('postgresql://user:secret-password@127.0.0.1:1/communique');
    expect([code, events]).toMatchObject([1, [{ event: 'not_migrated', code: 'P1001' }]]);
    expect(output).not.toContain('secret-password');
  });

  it.each([undefined, '', 'mysql://127.0.0.1/x'])('ends with 78 without a usable DATABASE_URL: %s', async (url) => {
    expect(await migrate(url)).toMatchObject({ code: 78, events: [{ event: 'not_configured' }] });
  });

  it('refuses a database whose old migrations a single one replaced, and says what to do', async () => {
    const url = await postgres.createDatabase('replaced');
    await migrate(url);
    const client = new pg.Client(url);
    await client.connect();
    await client.query("UPDATE _prisma_migrations SET migration_name = '20261122090000_first'");
    await client.end();
    expect(await migrate(url)).toMatchObject({
      code: 78,
      events: [
        {
          event: 'not_migrated',
          code: 'P3005',
          fix: expect.stringContaining('create an empty database and migrate that') as string,
        },
      ],
    });
  });

  it('ends with 78 if an earlier run left a failed migration, and prints no data from rows', async () => {
    const url = await postgres.createDatabase('broken');
    const broken = folder.file('broken');
    await mkdir(broken);
    await cp(join(release, 'migrate'), join(broken, 'migrate'), { recursive: true });
    await mkdir(join(broken, 'migrate/migrations/29990101000000_broken'));
    await writeFile(
      join(broken, 'migrate/migrations/29990101000000_broken/migration.sql'),
      "SELECT 'secret-row'::int;",
    );
    const [first, second] = [await migrate(url, broken), await migrate(url, broken)];
    expect([first.code === 0, first.events.at(-1)]).toMatchObject([false, { event: 'not_migrated' }]);
    expect([second.code, second.events.at(-1)]).toMatchObject([78, { event: 'not_migrated', code: 'P3009' }]);
    expect(`${first.output}${second.output}`).not.toContain('secret-row');
  });
});

it('ops release prints help, and refuses unknown options and a wrong reference string', async () => {
  const run = async (...args: string[]) =>
    promisify(execFile)(process.execPath, ['tools/run.mjs', 'tools/ops/main.ts', 'release', ...args], {
      cwd: workspaceRoot(),
    }).then(
      () => 0,
      (error: unknown) => (error as { code: number }).code,
    );
  expect([await run('--help'), await run('--arch', 'riscv'), await run('--what')]).toEqual([0, 2, 2]);
  // A file that is not the reference string is refused before anything is built.
  expect(await run('--reference-string', 'package.json')).toBe(1);
});
