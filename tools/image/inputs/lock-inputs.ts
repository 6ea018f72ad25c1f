// The inputs of the image that come neither from npm nor from this repository. `--update-lock` writes today's versions and hashes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { openResolver } from '../debian-archive/resolve';
import { parseLock, type Lock } from '../debian-archive/lock';
import { imageLockSchema, type ImageLock } from '../prebuilt/record';

export const IMAGE_LOCK = join('image', 'image.lock.json');

export type ImageArchitecture = 'x86_64' | 'arm64';

const COMPILER = [
  'dash',
  'coreutils',
  'sed',
  'grep',
  'mawk',
  'findutils',
  'diffutils',
  'tar',
  'gzip',
  'xz-utils',
  'patch',
  'make',
  'dpkg',
  'gcc',
  'libc6-dev',
  'flex',
  'bison',
  'bc',
  'perl-base',
  'libelf-dev',
  'zlib1g-dev',
  'musl-tools',
];
/** The packages with the libraries to which the official Node binary is linked. */
const RUNTIME = ['libc6', 'libstdc++6', 'libgcc-s1'];
const WITH_SECURITY = { suites: ['bookworm', 'bookworm-security'] };

export function resolveImage(today: string): Lock {
  const resolver = openResolver();
  try {
    return {
      $comment:
        'Made by `npm run image -- kernel --update-lock`. Every change of it changes the measurements of the image.',
      lockedOn: today,
      groups: {
        compiler: resolver.closure(COMPILER),
        'cross-compiler-arm64': resolver.closure([...COMPILER, 'gcc-aarch64-linux-gnu', 'linux-libc-dev-arm64-cross']),
        'linux-source': resolver.only(['linux-source-6.12'], WITH_SECURITY),
        'runtime-x86_64': resolver.only(RUNTIME, WITH_SECURITY),
        'runtime-arm64': resolver.only(RUNTIME, { ...WITH_SECURITY, architecture: 'arm64' }),
        'musl-arm64': resolver.only(['musl-dev'], { architecture: 'arm64' }),
      },
      sources: {},
    };
  } finally {
    resolver.close();
  }
}

export const readImageLock = (root: string): ImageLock =>
  parseLock(readFileSync(join(root, IMAGE_LOCK), 'utf8'), IMAGE_LOCK, imageLockSchema);
