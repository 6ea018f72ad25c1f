import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import { startPostgres } from '@communique-tee/testing/postgres';

const run = promisify(execFile);
const root = workspaceRoot();

// A small app: Nest with injection by type, a native part, and a package written as an ES module.
const APP = `
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Encoder } from 'cbor-x';
import { exportJWK, generateKeyPair } from 'jose';

@Injectable() class Greeting { text = 'injected'; }
@Injectable() class Greeter { constructor(readonly greeting: Greeting) {} }
@Module({ providers: [Greeting, Greeter] }) class App {}

async function main() {
  const koffi = await import('koffi');
  const getpid = koffi.load('libc.so.6').func('int getpid()') as () => number;
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  const { privateKey } = await generateKeyPair('Ed25519', { extractable: true });
  console.log(JSON.stringify({
    injected: app.get(Greeter).greeting.text,
    provider: app.get(Greeter).constructor.name,
    native: getpid() === process.pid,
    cbor: new Encoder().encode({ a: 1 }).length,
    curve: (await exportJWK(privateKey)).crv,
  }));
}
void main();
`;

// A small app with what only the gateway has: OpenAPI pages with their files, and the Prisma client with its query compiler.
const SERVER = `
import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '${join(root, 'apps/gateway/src/core/database/generated/client')}';

@Controller() class Hello { @Get('hello') hello() { return { hello: 'there' }; } }
@Module({ controllers: [Hello] }) class App {}

async function main() {
  const app = await NestFactory.create<NestFastifyApplication>(App, new FastifyAdapter(), { logger: false });
  SwaggerModule.setup('docs', app, SwaggerModule.createDocument(app, new DocumentBuilder().build()));
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const get = async (path: string) => { const answer = await fetch(url + path); return [answer.status, (await answer.text()).length > 500]; };
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: process.argv[2] }) });
  const [row] = await prisma.$queryRawUnsafe<{ one: number }[]>('select 1 as one');
  const compiled = await prisma.message.count().then(() => 'ran', (error: { code?: string }) => error.code);
  await prisma.$disconnect();
  console.log(JSON.stringify({ page: await get('/docs'), script: await get('/docs/swagger-ui-bundle.js'), style: await get('/docs/swagger-ui.css'), row, compiled }));
  await app.close();
}
void main();
`;

describe('build', () => {
  // The app's entry is inside the checkout, so that the build finds its packages.
  let folder: TemporaryFolder;
  let entry: string;
  const cache = join(root, '.cache', `build-spec-${String(process.pid)}`);

  const build = (args: string[]) =>
    run(process.execPath, [join(root, 'tools/dev/build/build.mjs'), ...args], { cwd: root });

  beforeAll(async () => {
    folder = await temporaryFolder();
    await mkdir(cache, { recursive: true });
    entry = join(cache, 'main.ts');
    await writeFile(entry, APP);
  });
  afterAll(async () => {
    await folder.remove();
    await run('rm', ['-rf', cache]);
  });

  it('makes one file that runs without environment variables and without node_modules', async () => {
    const { stdout } = await build(['enclave', '--entry', entry, '--outdir', folder.file('alone')]);
    expect(stdout).toMatch(/main\.js: [\d.]+ MB from \d+ files in [\d.]+ s/);
    expect((await readdir(folder.file('alone'))).sort()).toEqual([
      'THIRD-PARTY-LICENSES.txt',
      'koffi.node',
      'main.js',
      'meta.json',
    ]);
    expect(await readFile(folder.file('alone', 'THIRD-PARTY-LICENSES.txt'), 'utf8')).toMatch(
      /^cbor-extract .*cbor-x \d.*\n\nMIT License/m,
    );
    const answer = await run(process.execPath, [folder.file('alone/main.js')], { cwd: '/', env: {} });
    expect(JSON.parse(answer.stdout)).toEqual({
      injected: 'injected',
      provider: 'Greeter',
      native: true,
      cbor: expect.any(Number) as number,
      curve: 'Ed25519',
    });
  });

  it('includes the pages of the API and the database client', async () => {
    const server = join(cache, 'server.ts');
    await writeFile(server, SERVER);
    await build(['gateway', '--entry', server, '--outdir', folder.file('server')]);
    await using postgres = await startPostgres();
    const answer = await run(process.execPath, [folder.file('server/main.js'), postgres.url], { cwd: '/', env: {} });
    expect(JSON.parse(answer.stdout)).toEqual({
      page: [200, true],
      script: [200, true],
      style: [200, true],
      row: { one: 1 },
      compiled: 'P2021', // "no such table": the query was compiled and sent
    });
  });

  it('makes a bundle that loads the native part only from its own folder', async () => {
    await build(['enclave', '--entry', entry, '--outdir', folder.file('plain')]);
    await mkdir(folder.file('bare'));
    await copyFile(folder.file('plain/main.js'), folder.file('bare/main.js'));
    const failure = await run(process.execPath, [folder.file('bare/main.js')], {
      cwd: root,
      env: { NODE_PATH: join(root, 'node_modules') },
    }).then(
      () => undefined,
      (error: unknown) => String(error),
    );
    expect(failure).toMatch(/Cannot find module '.\/koffi.node'/);
  });

  it('makes the same bytes twice', async () => {
    const digests = [];
    for (const name of ['first', 'second']) {
      await build(['enclave', '--entry', entry, '--outdir', folder.file(name)]);
      digests.push(
        createHash('sha256')
          .update(await readFile(folder.file(name, 'main.js')))
          .digest('hex'),
      );
    }
    expect(digests[0]).toBe(digests[1]);
    const bundle = await readFile(folder.file('first', 'main.js'), 'utf8');
    expect(bundle).not.toContain(root);
  });

  it('lists the inputs of a bundle, and writes the development build to separate files', async () => {
    await build(['enclave', '--entry', entry, '--outdir', folder.file('both')]);
    await build(['enclave', '--dev', '--entry', entry, '--outdir', folder.file('both')]);
    expect((await readdir(folder.file('both'))).sort()).toEqual([
      'THIRD-PARTY-LICENSES.txt',
      'koffi.node',
      'main.dev.js',
      'main.js',
      'meta.dev.json',
      'meta.json',
    ]);
    const { inputs } = JSON.parse(await readFile(folder.file('both', 'meta.json'), 'utf8')) as { inputs: object };
    expect(Object.keys(inputs)).toContain('node_modules/cbor-x/node-index.js');
  });

  it('refuses an unknown app, a missing package, and a platform whose native part is not installed', async () => {
    await expect(build(['no-such-app'])).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('usage') as string,
    });
    const broken = join(cache, 'broken.ts');
    await writeFile(broken, "import 'no-such-package';\n");
    await expect(build(['enclave', '--entry', broken, '--outdir', folder.file('broken')])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no-such-package') as string,
    });
    await expect(
      build(['enclave', '--entry', entry, '--outdir', folder.file('other'), '--target', 'sunos-sparc']),
    ).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('@koromix/koffi-sunos-sparc') as string,
    });
  });
});
