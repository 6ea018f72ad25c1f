import { copyFile, rename, link, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '@communique-tee/testing/harness';
import { group } from '../debian-archive/lock';
import { withBuildRoot } from '../debian-archive/build-root';
import { readImageLock } from '../inputs/lock-inputs';

/**
 * Compresses with the gzip that image.lock.json pins. The output of Node's own zlib depends on the CPU, so other machines would give other
 * bytes.
 * @param files the files, which are replaced by `<file>.gz`
 */
export async function compress(root: string, files: readonly string[]): Promise<string[]> {
  const logFile = join(cacheFolder(), 'compress.log');
  await withBuildRoot('compiler', group(readImageLock(root), 'compiler'), async (inside) => {
    for (const [at, file] of files.entries()) {
      await link(file, join(inside.work, String(at))).catch(() => copyFile(file, join(inside.work, String(at))));
      // -n puts no name and no time into the header (RFC 1952). -f is needed because the file may have a second link
      await inside.run(`gzip -9 -n -f ${String(at)}`, { logFile });
      await rename(join(inside.work, `${String(at)}.gz`), `${file}.gz`).catch(() =>
        copyFile(join(inside.work, `${String(at)}.gz`), `${file}.gz`),
      );
      await rm(file);
    }
  });
  return files.map((file) => `${file}.gz`);
}
