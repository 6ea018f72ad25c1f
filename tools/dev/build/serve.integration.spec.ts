import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { isRunning, spawnService, workspaceRoot, type Service } from '@communique-tee/testing/harness';

const root = workspaceRoot();

describe('serve', () => {
  const cache = join(root, '.cache', `serve-spec-${String(process.pid)}`);
  const entry = join(cache, 'main.ts');
  let service: Service | undefined;

  const source = (version: string) => `
    console.log('${version} ' + JSON.stringify({ pid: process.pid, args: process.argv.slice(2), env: process.env }) + ' end');
    setInterval(() => undefined, 1000);
  `;
  const serve = (app: string, args: string[], env: NodeJS.ProcessEnv = process.env) =>
    spawnService({
      command: process.execPath,
      args: [
        join(root, 'tools/dev/build/serve.mjs'),
        app,
        '--serve-entry',
        entry,
        '--serve-outdir',
        join(cache, 'out'),
        ...args,
      ],
      cwd: root,
      env,
      readyWhen: /one (\{.*\}) end/,
    });
  const started = async (version: string) => {
    for (;;) {
      const match = new RegExp(`${version} (\\{.*\\}) end`).exec(service?.output() ?? '');
      if (match?.[1] !== undefined)
        return JSON.parse(match[1]) as { pid: number; args: string[]; env: Record<string, string> };
      await sleep(20);
    }
  };

  beforeEach(async () => {
    await mkdir(cache, { recursive: true });
    await writeFile(entry, source('one'));
  });
  afterEach(async () => {
    await service?.stop();
    await rm(cache, { recursive: true, force: true });
  });

  it('gives the enclave its development configuration and no environment variable', async () => {
    service = await serve('enclave', ['--verbose'], {
      ...process.env,
      NODE_OPTIONS: '--no-deprecation',
      HTTPS_PROXY: 'http://redirect.test',
    });
    expect(await started('one')).toMatchObject({
      args: ['--config', 'apps/enclave/config/development.json', '--verbose'],
      env: {},
    });
  });

  it('passes on the configuration that the caller names', async () => {
    service = await serve('enclave', ['--config', 'other.json']);
    expect((await started('one')).args).toEqual(['--config', 'other.json']);
  });

  it('passes its environment on to the gateway', async () => {
    service = await serve('gateway', [], { ...process.env, PORT: '3001' });
    expect((await started('one')).env['PORT']).toBe('3001');
  });

  it('restarts the app after a change, keeps the last working build after an error, and stops the app when serve is stopped', async () => {
    service = await serve('gateway', []);
    const first = await started('one');
    await writeFile(entry, 'this is not TypeScript');
    while (!service.output().includes('main.ts')) await sleep(20);
    expect(isRunning(first.pid)).toBe(true);
    await writeFile(entry, source('two'));
    const second = await started('two');
    expect(isRunning(first.pid)).toBe(false);
    expect(await service.stop()).toEqual({ code: 0, signal: null });
    expect(isRunning(second.pid)).toBe(false);
  });
});
