import { spawnService } from '@communique-tee/testing/harness';
import { usageOf } from './process-tree';

const BUSY = 'const end = process.cpuUsage().user + 400000; while (process.cpuUsage().user < end);';

describe('what a process uses', () => {
  it('contains its CPU time and memory, and those of its running children on request', async () => {
    const script = `require('node:child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(BUSY)}]);
      require('node:child_process').spawn(process.execPath, ['-e', 'globalThis.held = Buffer.alloc(100 * 2 ** 20, 1); console.log("held"); setInterval(() => {}, 1000)'], { stdio: 'inherit' });`;
    await using service = await spawnService({
      command: process.execPath,
      args: ['-e', script],
      readyWhen: /held/,
    });
    const alone = usageOf(service.pid);
    const together = usageOf(service.pid, 'with children');
    // The CPU time of the ended child already counts as the parent's.
    expect(alone?.cpuMs).toBeGreaterThan(400);
    expect(together?.cpuMs).toBeGreaterThan(alone?.cpuMs ?? Infinity);
    expect((together?.mib ?? 0) - (alone?.mib ?? 0)).toBeGreaterThan(100);
  });

  it('is undefined for a process that has ended', async () => {
    const service = await spawnService({ command: process.execPath, args: ['-e', ''] });
    await service.exited;
    expect(usageOf(service.pid)).toBeUndefined();
  });
});
