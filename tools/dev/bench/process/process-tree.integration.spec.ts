import { spawnService } from '@communique-tee/testing/harness';
import { usageOf } from './process-tree';

const BUSY = 'const end = process.cpuUsage().user + 400000; while (process.cpuUsage().user < end);';

describe('what a process uses', () => {
  it('counts its CPU time and memory, and that of its children where asked', async () => {
    const script = `require('node:child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(BUSY)}]);
      require('node:child_process').spawn(process.execPath, ['-e', 'globalThis.held = Buffer.alloc(100 * 2 ** 20, 1); console.log("held"); setInterval(() => {}, 1000)'], { stdio: 'inherit' });`;
    await using service = await spawnService({
      command: process.execPath,
      args: ['-e', script],
      readyWhen: /held/,
    });
    const alone = usageOf(service.pid);
    const together = usageOf(service.pid, 'with children');
    // The child that has ended is the parent's already.
    expect(alone?.cpuMs).toBeGreaterThan(400);
    expect(together?.cpuMs).toBeGreaterThan(alone?.cpuMs ?? Infinity);
    expect((together?.mib ?? 0) - (alone?.mib ?? 0)).toBeGreaterThan(100);
  });

  it('is not told of a process that has ended', async () => {
    const service = await spawnService({ command: process.execPath, args: ['-e', ''] });
    await service.exited;
    expect(usageOf(service.pid)).toBeUndefined();
  });
});
