import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../debian-archive/cache-folder';
import { download } from '../../debian-archive/download';
import { group, type LockedPackage } from '../../debian-archive/lock';
import { readImageLock, type ImageArchitecture } from '../../image-inputs/lock-inputs';
import { BuildError } from './build-error';

const run = promisify(execFile);

/** What the official Node binary and koffi are linked to (readelf -d), and where the dynamic linker of Debian looks for it. */
const LIBRARIES = {
  x86_64: { linker: 'lib64/ld-linux-x86-64.so.2', folder: 'lib/x86_64-linux-gnu' },
  arm64: { linker: 'lib/ld-linux-aarch64.so.1', folder: 'lib/aarch64-linux-gnu' },
} as const;
const NAMES = ['libc.so.6', 'libm.so.6', 'libdl.so.2', 'libpthread.so.0', 'libgcc_s.so.1', 'libstdc++.so.6'];

export interface RuntimeLibraries {
  /** Path in the image, without the leading slash, and the file. */
  files: readonly { name: string; path: string }[];
  packages: readonly LockedPackage[];
}

/** The C and C++ libraries out of Debian's packages as image.lock.json pins them; nothing of this machine's own. */
export async function runtimeLibraries(root: string, arch: ImageArchitecture): Promise<RuntimeLibraries> {
  const packages = group(readImageLock(root), `runtime-${arch}`);
  const folder = join(cacheFolder(), 'runtime', packages.map(({ name, sha256 }) => `${name}-${sha256.slice(0, 12)}`).join('+'));
  if (!existsSync(folder)) {
    await mkdir(join(cacheFolder(), 'runtime'), { recursive: true });
    const debs = await download(packages.map((file) => ({ file, suite: file.suite, label: `${file.name} ${file.version}` })));
    const draft = await mkdtemp(`${folder}.`);
    for (const deb of debs) await run('dpkg-deb', ['-x', deb, draft]);
    await rename(draft, folder).catch(async (error: unknown) => {
      if (!existsSync(folder)) throw error;
      await rm(draft, { recursive: true });
    });
  }
  const { linker, folder: libraries } = LIBRARIES[arch];
  const wanted = [linker, ...NAMES.map((name) => `${libraries}/${name}`)];
  return { files: await Promise.all(wanted.map(async (name) => ({ name, path: await findIn(folder, name) }))), packages };
}

/** Debian's packages still carry /lib and /usr/lib apart; both are one folder on a system. */
async function findIn(folder: string, name: string): Promise<string> {
  for (const candidate of [join(folder, name), join(folder, 'usr', name)]) if (existsSync(candidate)) return realpath(candidate);
  throw new BuildError('input_not_found', `Debian's packages do not hold ${name}`);
}
