import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { otherRandomSources, statements, unmet } from './check-config';

describe('a kernel configuration', () => {
  it('is met if every option has the requested value', () => {
    expect(
      unmet('CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_S="x y"\n', 'CONFIG_A=y\nCONFIG_C=y\nCONFIG_S="x y"\n'),
    ).toEqual([]);
  });

  it('is not met if an option was dropped, changed or switched on', () => {
    expect(
      unmet('CONFIG_A=y\nCONFIG_N=64\n# CONFIG_B is not set\n', '# CONFIG_A is not set\nCONFIG_N=8\nCONFIG_B=y\n'),
    ).toHaveLength(3);
    expect(unmet('CONFIG_A=y\n', '')).toEqual(['CONFIG_A=y is required; the finished value is absent']);
  });

  it('is refused if it has a source of random numbers besides the NSM', () => {
    const finished = 'CONFIG_HW_RANDOM=y\nCONFIG_NSM=y\n# CONFIG_HW_RANDOM_VIRTIO is not set\n';
    expect(otherRandomSources(finished)).toEqual([]);
    expect(otherRandomSources(`${finished}CONFIG_HW_RANDOM_ARM_SMCCC_TRNG=y\n`)).toEqual([
      'CONFIG_HW_RANDOM_ARM_SMCCC_TRNG',
    ]);
  });

  it.each([
    ['x86_64', 'RTC_DRV_CMOS'],
    ['arm64', 'RTC_DRV_PL031'],
  ])('of the enclave (%s) has a clock, no way in but vsock and no way to load code', (architecture, clock) => {
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
      'RTC_SYSTOHC',
      'RTC_INTF_DEV',
      'HW_RANDOM_ARM_SMCCC_TRNG',
      'HW_RANDOM_VIA',
    ]) {
      expect([off, asked.get(`CONFIG_${off}`)]).toEqual([off, 'n']);
    }
    for (const on of [
      'NSM',
      'VIRTIO_VSOCKETS',
      'STRICT_KERNEL_RWX',
      'SECCOMP_FILTER',
      'PANIC_ON_OOPS',
      'RTC_HCTOSYS',
      clock,
    ]) {
      expect([on, asked.get(`CONFIG_${on}`)]).toEqual([on, 'y']);
    }
  });
});
