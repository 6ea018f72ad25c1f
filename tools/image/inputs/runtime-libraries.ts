// The shared libraries that the official Node binary needs. They come from pinned packages, never from the building machine.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { cacheFolder } from '@communique-tee/testing/harness';
import { keyOf } from '../debian-archive/build-root';
import { download } from '../debian-archive/download';
import { group } from '../debian-archive/lock';
import { isSealed, seal } from '../debian-archive/seal';
import { SetupError } from '../debian-archive/setup-error';
import { readImageLock, type ImageArchitecture } from './lock-inputs';

export interface RuntimeLibrary {
  /** The path in the image, without a leading slash. */
  readonly path: string;
  /** The file on this machine. */
  readonly file: string;
  /** The Debian package of the file, for the bill of materials. */
  readonly packageName: string;
  readonly version: string;
}

const LIBRARIES = {
  x86_64: {
    folder: 'x86_64-linux-gnu',
    loader: { at: 'lib64/ld-linux-x86-64.so.2', name: 'ld-linux-x86-64.so.2' },
  },
  arm64: {
    folder: 'aarch64-linux-gnu',
    loader: { at: 'lib/ld-linux-aarch64.so.1', name: 'ld-linux-aarch64.so.1' },
  },
} as const;

/** By package, the libraries that `readelf -d node` lists and those that koffi needs. */
const NAMES = [
  ['libc6', ['libc.so.6', 'libm.so.6', 'libdl.so.2', 'libpthread.so.0']],
  ['libstdc++6', ['libstdc++.so.6']],
  ['libgcc-s1', ['libgcc_s.so.1']],
] as const;

/** Returns the loader and the libraries. Each `file` is a plain file, not a symbolic link. */
export async function runtimeLibraries(root: string, architecture: ImageArchitecture): Promise<RuntimeLibrary[]> {
  const packages = group(readImageLock(root), `runtime-${architecture}`);
  const folder = join(cacheFolder(), 'runtime', `${architecture}-${keyOf(2, packages)}`);
  if (!(await isSealed(folder))) {
    const debs = await download(
      packages.map((file) => ({ file, suite: file.suite, label: `${file.name} ${file.version}` })),
    );
    const draft = `${folder}.${process.pid}`;
    mkdirSync(draft, { recursive: true });
    for (const deb of debs) {
      const { status, stderr } = spawnSync('dpkg-deb', ['-x', deb, draft], { encoding: 'utf8' });
      if (status !== 0) throw new SetupError('build_failed', `dpkg-deb -x ${deb}: ${stderr}`);
    }
    await seal(draft);
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
  }
  const { folder: sub, loader } = LIBRARIES[architecture];
  const find = (name: string) => {
    const found = [join(folder, 'lib', sub, name), join(folder, 'usr/lib', sub, name)].find(existsSync);
    if (!found) throw new SetupError('lock_invalid', `no package of the group runtime-${architecture} has ${name}`);
    return realpathSync(found);
  };
  const versionOf = (name: string) => packages.find((entry) => entry.name === name)?.version ?? '';
  return [
    { path: loader.at, file: find(loader.name), packageName: 'libc6', version: versionOf('libc6') },
    ...NAMES.flatMap(([packageName, names]) =>
      names.map((name) => ({
        path: `lib/${sub}/${name}`,
        file: find(name),
        packageName,
        version: versionOf(packageName),
      })),
    ),
  ];
}
