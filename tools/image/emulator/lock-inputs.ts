// The inputs of the emulator. `--update-lock` writes the versions and hashes of today's mirror into emulator.lock.json.
import { join } from 'node:path';

import { openResolver } from '../debian-archive/resolve';
import type { Lock } from '../debian-archive/lock';

export const EMULATOR_LOCK = join('tools', 'image', 'emulator', 'emulator.lock.json');

/** QEMU has the nitro-enclave machine since version 9.2. trixie is the oldest Debian release with it. */
const QEMU_SUITE = 'trixie';
const BUILD_TOOLS = [
  'dash',
  'bash',
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
  'dpkg-dev',
  'make',
  'gcc',
  'libc6-dev',
  'ninja-build',
  'pkgconf',
  'python3',
  'python3-venv',
  'python3-setuptools',
  'flex',
  'bison',
  'libglib2.0-dev',
  'libfdt-dev',
  'libgnutls28-dev',
  'libcbor-dev',
  'zlib1g-dev',
  'libattr1-dev',
];

export function resolveEmulator(today: string): Lock {
  const resolver = openResolver();
  try {
    return {
      $comment: 'Made by `npm run image -- emulator setup --update-lock`. Read by tools/image/emulator.',
      lockedOn: today,
      groups: {
        build: resolver.closure(BUILD_TOOLS),
        meson: resolver.only(['meson/bookworm-backports'], { suites: ['bookworm', 'bookworm-backports'] }),
        firmware: resolver.only(['qemu-system-data/trixie'], { suites: ['trixie'] }),
        'vhost-device-vsock': resolver.only(['vhost-device-vsock'], { suites: ['sid'] }),
      },
      sources: { qemu: resolver.source('qemu', QEMU_SUITE) },
    };
  } finally {
    resolver.close();
  }
}
