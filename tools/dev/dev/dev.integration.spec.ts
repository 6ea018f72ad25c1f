import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { developmentMeasurements, developmentRoleArn } from '@communique-tee/testing/nsm-mock';
import {
  freePort,
  isRunning,
  spawnService,
  temporaryFolder,
  workspaceRoot,
  type Service,
  type TemporaryFolder,
} from '@communique-tee/testing/harness';
import { isTaken } from './environment';

const root = workspaceRoot();

describe('npm run dev', () => {
  let folder: TemporaryFolder;
  let ports: Record<'postgres' | 'enclave' | 'identity' | 'gateway', number>;
  let environment: NodeJS.ProcessEnv;
  let dev: Service;

  const run = (readyWhen?: RegExp) =>
    spawnService({
      command: process.execPath,
      args: [join(root, 'tools/run.mjs'), join(root, 'tools/dev/dev/main.ts'), '--folder', folder.file('.dev')],
      cwd: root,
      env: environment,
      readyTimeoutMs: 110_000,
      ...(readyWhen && { readyWhen }),
    });
  const url = (path: string, port = ports.gateway) => `http://127.0.0.1:${String(port)}${path}`;
  const trusted = async (port?: number) => {
    for (;;) {
      const response = await fetch(url('/api/health/tee', port)).catch(() => undefined);
      if (response?.status === 200) return;
      await sleep(100);
    }
  };

  beforeAll(async () => {
    folder = await temporaryFolder();
    ports = {
      postgres: await freePort(),
      enclave: await freePort(),
      identity: await freePort(),
      gateway: await freePort(),
    };
    const { NODE_ENV: _ofJest, ...own } = process.env;
    environment = {
      ...own,
      NODE_ENV: 'development',
      PORT: String(ports.gateway),
      AUTH_ISSUER: `http://127.0.0.1:${String(ports.identity)}`,
      DATABASE_URL: `postgresql://communique:development@127.0.0.1:${String(ports.postgres)}/development`,
      TEE_ENDPOINT: `tcp:127.0.0.1:${String(ports.enclave)}`,
    };
    dev = await run(/a token for 12 hours.*\n.* {2}(ey\S+)/);
  });
  afterAll(async () => {
    await dev.stop();
    await folder[Symbol.asyncDispose]();
  });

  it('runs every part, begins each line with the name of its part, and prints a token that the gateway accepts', async () => {
    const lines = dev.output().trimEnd().split('\n');
    expect(lines.filter((line) => !/^(postgres|congress|providers|enclave|gateway|dev) +\| /.test(line))).toEqual([]);
    expect(new Set(lines.map((line) => line.split(' ')[0]))).toEqual(
      new Set(['postgres', 'congress', 'providers', 'enclave', 'gateway', 'dev']),
    );
    await trusted();
    const token = dev.ready?.[1] ?? '';
    expect((await fetch(url('/api/budget'), { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
    expect(await (await fetch(url('/api/page'))).json()).toMatchObject({
      signIn: { issuer: environment['AUTH_ISSUER'], tokenEndpoint: url('/token', ports.identity) },
    });
    expect((await fetch(url('/.well-known/openid-configuration', ports.identity))).status).toBe(200);
    expect(await (await fetch(url('/'), { headers: { accept: 'text/html' } })).text()).toContain('<html');
  });

  it('works with a gateway that was started separately from a copy of .env.example', async () => {
    await mkdir(folder.file('.dev'), { recursive: true });
    await copyFile(join(root, '.env.example'), folder.file('.env'));
    expect(await readFile(folder.file('.env'), 'utf8')).toContain(
      `\nTEE_EXPECTED_CODE_HASH=sha384:${developmentMeasurements.pcr0}\n`,
    );
    expect(await readFile(folder.file('.env'), 'utf8')).toContain(`\nTEE_EXPECTED_OPERATOR=${developmentRoleArn}\n`);
    // Only the ports differ, because those of the file may be in use on this machine
    const { DATABASE_URL, TEE_ENDPOINT } = environment;
    const gateway = await spawnService({
      command: process.execPath,
      args: [folder.file('.dev/bundles/gateway/main.dev.js')],
      cwd: folder.path,
      env: { PORT: '0', DATABASE_URL, TEE_ENDPOINT },
      readyWhen: /"port":(\d+)[^\n]*"msg":"listening"/,
    });
    try {
      await trusted(Number(gateway.ready?.[1]));
    } finally {
      await gateway.stop();
    }
  });

  it('refuses to start if ports are taken, and names the ports', async () => {
    const second = await run();
    expect(await second.exited).toMatchObject({ code: 1 });
    for (const [name, port] of [
      ['DATABASE_URL', ports.postgres],
      ['TEE_ENDPOINT', ports.enclave],
      ['AUTH_ISSUER', ports.identity],
      ['PORT', ports.gateway],
    ] as const)
      expect(second.output()).toContain(`${name}: port ${String(port)} is taken`);
  });

  it('reports a crashed gateway, keeps the other parts running, and ends everything on Ctrl-C', async () => {
    const log = await readFile(folder.file('.dev/logs/gateway.log'), 'utf8');
    const pid = Number(/"pid":(\d+)[^\n]*"msg":"listening"/.exec(log)?.[1]);
    process.kill(pid, 'SIGKILL');
    while (!dev.output().includes('gateway ended (SIGKILL)')) await sleep(50);
    expect(await isTaken(ports.enclave)).toBe(true);
    process.kill(dev.pid, 'SIGINT');
    expect(await dev.exited).toEqual({ code: 0, signal: null });
    expect(isRunning(pid)).toBe(false);
    for (const port of Object.values(ports)) expect(await isTaken(port)).toBe(false);
  });

  it('starts no more parts after a signal during its start, and ends the running ones', async () => {
    const starting = await run(/prisma migrate deploy/);
    process.kill(starting.pid, 'SIGTERM');
    expect(await starting.exited).toEqual({ code: 0, signal: null });
    expect(starting.output()).not.toMatch(/^(congress|providers|enclave|gateway) /m);
    for (const port of Object.values(ports)) expect(await isTaken(port)).toBe(false);
  });
});
