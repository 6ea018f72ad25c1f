import { spawnService } from '@communique-tee/testing/harness';
import { heapInUseMiB } from './heap';

describe('the heap in use', () => {
  it('contains what a process still references, and nothing that it no longer references', async () => {
    const source = `globalThis.kept = Array.from({ length: 500000 }, (_, at) => ({ at })); for (let n = 0; n < 50; n++) Array.from({ length: 100000 }, (_, at) => ({ at })); console.log('filled'); setInterval(() => {}, 1000);`;
    await using service = await spawnService({
      command: process.execPath,
      args: ['--inspect=127.0.0.1:0', '-e', source],
      readyWhen: /filled/,
    });
    const mib = await heapInUseMiB(service.output());
    expect(mib).toBeGreaterThan(10);
    expect(mib).toBeLessThan(60);
  });

  it('cannot be measured without an inspector', async () => {
    await expect(heapInUseMiB('listening')).rejects.toThrow('no inspector');
  });
});
