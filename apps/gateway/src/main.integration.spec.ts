import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { appBundle, spawnService, temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import { AUDIENCE, createIssuer, ISSUER } from './testing/issuer';

/** The production bundle as a separate process. */
describe('the gateway as a process', () => {
  let folder: TemporaryFolder;
  let postgres: Postgres;
  let bundle: string;
  let environment: Record<string, string>;

  beforeAll(async () => {
    folder = await temporaryFolder();
    bundle = join(await appBundle('gateway'), 'main.js');
    postgres = await startPostgres();
    const url = await postgres.createMigratedDatabase();
    await (await createIssuer()).writeKeySet(folder.file('jwks.json'));
    environment = {
      NODE_ENV: 'development',
      PORT: '0',
      DATABASE_URL: url,
      AUTH_ISSUER: ISSUER,
      AUTH_AUDIENCE: AUDIENCE,
      AUTH_JWKS_FILE: folder.file('jwks.json'),
      TEE_ENDPOINT: `unix:${folder.file('no-enclave.sock')}`,
      TEE_EXPECTED_CODE_HASH: `sha384:${'ab'.repeat(48)}`,
      TEE_EXPECTED_OPERATOR: `sha384:${'cd'.repeat(48)}`,
    };
  });
  afterAll(async () => {
    await postgres.stop();
    await folder[Symbol.asyncDispose]();
  });

  async function run(over: Record<string, string>): Promise<{ code: unknown; stderr: string }> {
    try {
      await promisify(execFile)(process.execPath, [bundle], { cwd: folder.path, env: { ...environment, ...over } });
      return { code: 0, stderr: '' };
    } catch (error) {
      const { code, stderr } = error as { code: unknown; stderr: string };
      return { code, stderr };
    }
  }

  it('lists every problem of its environment and exits with 78', async () => {
    const { code, stderr } = await run({
      NODE_ENV: 'production',
      PORT: 'x',
      DATABASE_URL: 'sesame',
      TEE_ENABLE_ATTESTATION_VERIFICATION: 'false',
    });
    expect(code).toBe(78);
    for (const name of ['PORT', 'DATABASE_URL', 'REDIS_URL', 'TEE_ENABLE_ATTESTATION_VERIFICATION'])
      expect(stderr).toContain(`  ${name}: `);
    expect(stderr).not.toContain('sesame');
  });

  it.each(['PORT', 'METRICS_PORT'])(
    'reports in one line that the port in %s is taken, and exits with 78',
    async (name) => {
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      const port = String((other.address() as AddressInfo).port);
      try {
        expect(await run({ [name]: port })).toEqual({
          code: 78,
          stderr: `The gateway cannot start. Its environment has 1 problem(s):\n  ${name}: ${port} on 127.0.0.1 is taken by another program: end it, or set another port\n`,
        });
      } finally {
        other.close();
      }
    },
  );

  it.each([
    ['missing', undefined, 'cannot be read (ENOENT)'],
    ['broken', '{', 'cannot be read: not JSON'],
    ['without a key that can be used', '{"keys":[]}', 'has no key that can verify a token here'],
  ])('names a key set file that is %s in one line, without a stack, and exits with 78', async (name, text, why) => {
    const file = folder.file(`${name}.json`);
    if (text !== undefined) await writeFile(file, text);
    expect(await run({ AUTH_JWKS_FILE: file })).toEqual({
      code: 78,
      stderr: `The gateway cannot start. Its environment has 1 problem(s):\n  AUTH_JWKS_FILE: the file ${why}\n`,
    });
  });

  it('listens, warns about variables such as OPENAI_API_KEY, answers, and exits with 0 on SIGTERM', async () => {
    const service = await spawnService({
      command: process.execPath,
      args: [bundle],
      cwd: folder.path,
      env: {
        ...environment,
        OPENAI_API_KEY: 'sesame',
        METRICS_ENDPOINT: 'http://127.0.0.1:1/v1/metrics',
        SENTRY_DSN: 'http://sesame@127.0.0.1:1/1',
      },
      readyWhen: /"msg":"listening"/,
    });
    const lines = service
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.filter(({ level }) => level === 'warn').map(({ variable }) => variable)).toEqual(
      expect.arrayContaining(['OPENAI_API_KEY', 'REDIS_URL']),
    );
    const listening = lines.find(({ msg }) => msg === 'listening');
    expect((await fetch(`http://127.0.0.1:${String(listening?.['port'])}/health`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${String(listening?.['port'])}/docs`)).status).toBe(200);
    expect(await service.stop()).toEqual({ code: 0, signal: null });
    expect(service.output()).not.toContain('sesame');
  });
});
