import {
  spawnService,
  temporaryFolder,
  workspaceRoot,
  type Service,
  type TemporaryFolder,
} from '@communique-tee/testing/harness';
import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { promisify } from 'node:util';

const ENTRY = ['tools/run.mjs', 'test/congress/src/main.ts'];
const run = (args: string[], env: NodeJS.ProcessEnv = {}) =>
  promisify(execFile)(process.execPath, [...ENTRY, ...args], {
    cwd: workspaceRoot(),
    env: { PATH: process.env['PATH'], ...env },
  });

describe('the Congress simulator as a process', () => {
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder.remove());

  const start = (): Promise<Service> =>
    spawnService({
      command: process.execPath,
      args: [...ENTRY, '--folder', folder.path],
      cwd: workspaceRoot(),
      env: { PATH: process.env['PATH'] },
      readyWhen: /^ready$/m,
    });
  const described = () =>
    JSON.parse(readFileSync(folder.file('congress.json'), 'utf8')) as {
      house: { origin: string; apiKey: string };
      controlUrl: string;
    };

  it('keeps its certificate authority and its API keys between starts, answers on its control port, and ends at a signal', async () => {
    const first = await start();
    const [pem, before] = [readFileSync(folder.file('ca.pem'), 'utf8'), described()];
    expect(first.output()).toContain(`house ${before.house.origin}`);
    expect(first.output()).not.toContain(before.house.apiKey);
    expect(await (await fetch(`${before.controlUrl}/received`)).json()).toEqual([]);
    expect(await first.stop()).toEqual({ code: 0, signal: null });

    const second = await start();
    expect(readFileSync(folder.file('ca.pem'), 'utf8')).toBe(pem);
    expect(described().house.apiKey).toBe(before.house.apiKey);
    await second.stop();
    for (const file of ['ca.key.pem', 'congress.json']) expect(statSync(folder.file(file)).mode & 0o077).toBe(0);
  });

  it('prints its usage with --help', async () => {
    expect((await run(['--help'])).stdout).toContain('--control-port');
    await expect(run([])).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--folder is required') as string,
    });
    await expect(run(['--folder', folder.path, '--house-port', 'x'])).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--house-port takes 0 to 65535') as string,
    });
    await expect(run(['--nonsense'])).rejects.toMatchObject({ code: 2 });
  });

  it('does not start in production', async () => {
    await expect(run(['--folder', folder.path], { NODE_ENV: 'production' })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('production') as string,
    });
  });
});
