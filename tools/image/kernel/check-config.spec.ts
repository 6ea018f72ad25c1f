import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { statements, unmet } from './check-config';

describe('a kernel configuration', () => {
  it('is met when every option came out as asked', () => {
    expect(
      unmet('CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_S="x y"\n', 'CONFIG_A=y\nCONFIG_C=y\nCONFIG_S="x y"\n'),
    ).toEqual([]);
  });

  it('is not met when an option was dropped, changed or switched on', () => {
    expect(
      unmet('CONFIG_A=y\nCONFIG_N=64\n# CONFIG_B is not set\n', '# CONFIG_A is not set\nCONFIG_N=8\nCONFIG_B=y\n'),
    ).toHaveLength(3);
    expect(unmet('CONFIG_A=y\n', '')).toEqual(['CONFIG_A=y was asked for, nothing came out']);
  });

  it.each(['x86_64', 'arm64'])(
    'of the enclave (%s) has no way in but vsock and no way to load code',
    (architecture) => {
      const text = (name: string) =>
        readFileSync(join(__dirname, '..', '..', '..', 'image', 'kernel', `${name}.config`), 'utf8');
      const asked = statements(`${text('common')}\n${text(architecture)}`);
      for (const off of [
        'MODULES',
        'DEVMEM',
        'NETDEVICES',
        'BLOCK',
        'BPF_SYSCALL',
        'KEXEC',
        'COREDUMP',
        'DEBUG_FS',
        'IO_URING',
      ]) {
        expect([off, asked.get(`CONFIG_${off}`)]).toEqual([off, 'n']);
      }
      for (const on of ['NSM', 'VIRTIO_VSOCKETS', 'STRICT_KERNEL_RWX', 'SECCOMP_FILTER', 'PANIC_ON_OOPS']) {
        expect([on, asked.get(`CONFIG_${on}`)]).toEqual([on, 'y']);
      }
    },
  );
});
