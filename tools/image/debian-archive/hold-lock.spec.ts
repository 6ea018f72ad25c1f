import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { holdLock } from './hold-lock';

describe('the lock of a build', () => {
  let folder: TemporaryFolder;
  beforeAll(async () => void (folder = await temporaryFolder('hold-lock')));
  afterAll(() => folder.remove());

  it('lets one build run at a time', async () => {
    const file = join(folder.path, 'one');
    let inside = 0;
    let most = 0;
    await Promise.all(
      [1, 2, 3].map(() =>
        holdLock(file, async () => {
          most = Math.max(most, ++inside);
          await new Promise((resolve) => setTimeout(resolve, 20));
          inside--;
        }),
      ),
    );
    expect(most).toBe(1);
    expect(existsSync(file)).toBe(false);
  });

  it('is released when the build fails', async () => {
    const file = join(folder.path, 'two');
    await expect(holdLock(file, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(holdLock(file, () => Promise.resolve(7))).resolves.toBe(7);
  });

  it('is taken over from a process that has ended', async () => {
    const file = join(folder.path, 'three');
    writeFileSync(file, spawnSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }).stdout.trim());
    await expect(holdLock(file, () => Promise.resolve('mine'))).resolves.toBe('mine');
  });
});
