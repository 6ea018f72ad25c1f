import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { isRunning, spawnService, temporaryFolder, workspaceRoot } from '.';

const node = process.execPath;
const ended = async (pid: number) => {
  while (isRunning(pid)) await sleep(20);
};

describe('spawnService', () => {
  it('waits for a line of output, keeps the output, and ends the process', async () => {
    await using folder = await temporaryFolder();
    const service = await spawnService({
      command: node,
      args: [
        '-e',
        "console.log('booting'); setTimeout(() => console.log('listening on 4711'), 50); console.error('a warning'); setInterval(() => {}, 1000)",
      ],
      readyWhen: /listening on (\d+)/,
      logFile: folder.file('service.log'),
    });
    expect(service.ready?.[1]).toBe('4711');
    // The two streams may arrive in any order
    while (!service.output().includes('a warning')) await sleep(20);
    expect(isRunning(service.pid)).toBe(true);
    expect(await service.stop()).toEqual({ code: null, signal: 'SIGTERM' });
    expect(isRunning(service.pid)).toBe(false);
    expect(await readFile(folder.file('service.log'), 'utf8')).toBe(service.output());
  });

  it('waits until a check returns true', async () => {
    let asked = 0;
    const service = await spawnService({
      command: node,
      args: ['-e', 'setInterval(() => {}, 1000)'],
      readyWhen: () => Promise.resolve((asked += 1) === 3),
    });
    expect(asked).toBe(3);
    await service.stop();
  });

  it('starts the process with only the given environment', async () => {
    const service = await spawnService({
      command: node,
      args: ['-e', 'console.log(`env ${JSON.stringify(process.env)}`)'],
      env: {},
      readyWhen: /env (.*)/,
    });
    expect(service.ready?.[1]).toBe('{}');
    await service.exited;
  });

  it('reports a process that ends too early, with the end of its output', async () => {
    await expect(
      spawnService({
        command: node,
        args: ['-e', "console.error('no such thing'); process.exit(3)"],
        readyWhen: /never/,
      }),
    ).rejects.toMatchObject({
      code: 'SERVICE_NOT_READY',
      message: expect.stringMatching(/ended \(3\).*no such thing/s) as string,
    });
  });

  it('reports a command that does not exist, and a process that is never ready', async () => {
    await expect(spawnService({ command: '/nowhere/at-all' })).rejects.toMatchObject({ code: 'SERVICE_NOT_READY' });
    await expect(
      spawnService({
        command: node,
        args: ['-e', 'setInterval(() => {}, 1000)'],
        readyWhen: /never/,
        readyTimeoutMs: 200,
      }),
    ).rejects.toMatchObject({ code: 'SERVICE_NOT_READY', message: expect.stringContaining('in time') as string });
  });

  it('kills a process that ignores SIGTERM', async () => {
    const service = await spawnService({
      command: node,
      args: ['-e', "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)"],
      readyWhen: /up/,
    });
    expect(await service.stop(100)).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('ends the children of the process too', async () => {
    const service = await spawnService({
      command: node,
      args: [
        '-e',
        "const { pid } = require('node:child_process').spawn('sleep', ['1000']); console.log(`child ${pid}`); setInterval(() => {}, 1000)",
      ],
      readyWhen: /child (\d+)/,
    });
    const child = Number(service.ready?.[1]);
    expect(isRunning(child)).toBe(true);
    await service.stop();
    await ended(child);
  });

  it('ends the process after the program that started it was killed', async () => {
    const script = `
      require('@swc/core');
      const { transformSync } = require('esbuild');
      require.extensions['.ts'] = (module, file) => module._compile(transformSync(require('node:fs').readFileSync(file, 'utf8'), { loader: 'ts', format: 'cjs' }).code, file);
      const { spawnService } = require(${JSON.stringify(join(workspaceRoot(), 'libs/testing/harness/src/spawn-service.ts'))});
      spawnService({ command: 'sleep', args: ['1000'] }).then(({ pid }) => console.log('owns ' + pid));
    `;
    const owner = spawn(node, ['-e', script], { cwd: workspaceRoot(), stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(owner.stdout, 'data')) as [Buffer];
    const pid = Number(/owns (\d+)/.exec(line.toString())?.[1]);
    expect(isRunning(pid)).toBe(true);
    owner.kill('SIGKILL');
    await ended(pid);
  });
});
