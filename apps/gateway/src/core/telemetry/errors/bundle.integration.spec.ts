import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { appBundle, spawnService, temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import { Client } from 'pg';
import { AUDIENCE, createIssuer, ISSUER } from '../../../testing/issuer';
import { SentrySimulator } from './testing/sentry-simulator';

const KEY = '0123456789abcdef0123456789abcdef';
const SECRET = 'xSesamex';

/** Loaded before the bundle: makes it throw, uncaught, shortly after SIGUSR2. */
const CRASHES = {
  exception: `process.on('SIGUSR2', () => setImmediate(() => { throw Object.assign(new TypeError('${SECRET}'), { body: '${SECRET}' }); }));`,
  rejection: `process.on('SIGUSR2', () => { void Promise.reject({ message: '${SECRET}' }); });`,
};

/** The production bundle as a separate process. */
describe('a gateway that crashes', () => {
  let folder: TemporaryFolder;
  let postgres: Postgres;
  let databaseUrl: string;
  let sentry: SentrySimulator;
  let environment: Record<string, string>;
  let release: string;
  let bundle: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
    bundle = join(await appBundle('gateway'), 'main.js');
    release = `communique-gateway@${createHash('sha256')
      .update(await readFile(bundle))
      .digest('hex')
      .slice(0, 12)}`;
    postgres = await startPostgres();
    databaseUrl = await postgres.createMigratedDatabase();
    await (await createIssuer()).writeKeySet(folder.file('jwks.json'));
    for (const [name, code] of Object.entries(CRASHES)) await writeFile(folder.file(`${name}.cjs`), code);
  });
  afterAll(async () => {
    await postgres.stop();
    await folder[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    sentry = new SentrySimulator(KEY);
    environment = {
      NODE_ENV: 'development',
      PORT: '0',
      DATABASE_URL: databaseUrl,
      AUTH_ISSUER: ISSUER,
      AUTH_AUDIENCE: AUDIENCE,
      AUTH_JWKS_FILE: folder.file('jwks.json'),
      TEE_ENDPOINT: `unix:${folder.file('no-enclave.sock')}`,
      TEE_EXPECTED_CODE_HASH: `sha384:${'ab'.repeat(48)}`,
      TEE_EXPECTED_OPERATOR: `sha384:${'cd'.repeat(48)}`,
      SENTRY_DSN: await sentry.start(),
    };
  });
  afterEach(() => sentry.stop());

  async function crash(how: keyof typeof CRASHES) {
    const service = await spawnService({
      command: process.execPath,
      args: ['--require', folder.file(`${how}.cjs`), bundle],
      cwd: folder.path,
      env: environment,
      readyWhen: /"msg":"listening"/,
    });
    process.kill(service.pid, 'SIGUSR2');
    const { code } = await service.exited;
    return { code, output: service.output() };
  }

  it.each([
    ['exception', 'TypeError'],
    ['rejection', 'UnhandledPromiseRejection'],
  ] as const)('reports an uncaught %s before it ends with 1', async (how, type) => {
    const { code, output } = await crash(how);
    expect(code).toBe(1);
    expect(sentry.malformed).toEqual([]);
    expect(sentry.events()).toEqual([
      expect.objectContaining({
        level: 'fatal',
        release,
        environment: 'development',
        logentry: { message: 'uncaught exception' },
        exception: { values: [expect.objectContaining({ type, mechanism: { type: 'generic', handled: false } })] },
      }),
    ]);
    for (const text of [sentry.arrivals[0]?.raw ?? '', output]) expect(text).not.toContain(SECRET);
    expect(output).not.toContain(KEY);
  });

  it.each([['hang'], ['cut']] as const)('ends with 1 if the behavior of Sentry is "%s"', async (kind) => {
    sentry.behaviour = { kind };
    expect((await crash('exception')).code).toBe(1);
    expect(sentry.events()).toHaveLength(1);
  });

  it('shuts down cleanly while Sentry hangs, and reports frames as places in the bundle', async () => {
    sentry.behaviour = { kind: 'hang' };
    const service = await spawnService({
      command: process.execPath,
      args: [bundle],
      cwd: folder.path,
      env: environment,
      readyWhen: /"msg":"listening"/,
    });
    // Without its table, the worker meets an error that the code does not expect.
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query('ALTER TABLE delivery_job RENAME TO elsewhere');
    await client.end();
    await sentry.until(() => sentry.arrivals.length > 0);
    expect(await service.stop()).toEqual({ code: 0, signal: null });
    const [event] = sentry.events();
    expect(event).toMatchObject({ logentry: { message: 'the queue cannot be read' }, tags: { sqlstate: '42P01' } });
    const frames = JSON.stringify(event?.['exception']);
    expect(frames).toContain('"filename":"main.js"');
    expect(frames).not.toContain(folder.path);
  });
});
