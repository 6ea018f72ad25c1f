// The parts of QEMU's command line that depend on the architecture.
import { copySections, readImage, type EifImage, type SectionType } from '@communique-tee/eif';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { acceleratorOptions, type Accelerator } from './accelerator';
import type { BootOptions } from './boot';

export interface Machine {
  readonly options: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** x86-64: the text that QEMU appends to the image's kernel command line. arm64: the whole kernel command line. */
  readonly append: string;
}

/** A QEMU guest reaches its host at CID 2. No measurement covers appended text. */
const PARENT = 'parent_cid=2';
const parentIdOf = ({ parentId = 'i-0emulated00000000' }: BootOptions) => parentId;
const parentRoleOf = ({ parentRole = 'arn:aws:iam::123456789012:role/parent' }: BootOptions) => parentRole;
const moduleIdOf = (options: BootOptions) => options.moduleId ?? `${parentIdOf(options)}-enc0000000000000001`;

/** x86-64: QEMU's own machine for enclaves, which reads, checks and measures the image. */
export function nitroMachine(options: BootOptions, firmware: string, accelerator: Accelerator): Machine {
  const names = [
    `id=${moduleIdOf(options)}`,
    `parent-role=${parentRoleOf(options)}`,
    `parent-id=${parentIdOf(options)}`,
  ];
  return {
    options: [
      ...['-L', firmware, '-kernel', options.eif, ...acceleratorOptions(accelerator)],
      ...['-M', ['nitro-enclave', 'vsock=vsock', ...names].join(',')],
    ],
    environment: {},
    // reboot=t: a reset must end this machine, which has no i8042, so the kernel resets it by a triple fault.
    append: `${PARENT} reboot=t tsc=reliable`,
  };
}

/**
 * arm64: QEMU has no machine for enclaves. So the machine `virt` gets the parts of the image, and its NSM gets the image's measurements.
 * As far as is known, the kernel sees the same hardware in a Nitro enclave on Graviton: virtio 1 over MMIO, a 16550, a PL031, a GICv3, the
 * TRNG that KVM offers.
 *
 * @throws EifError if the image is damaged, since this machine checks nothing itself
 */
export async function virtMachine(options: BootOptions): Promise<Machine> {
  const image = await readImage(options.eif);
  const file = (name: string) => join(options.folder, name);
  const copy = (wanted: SectionType, to: string) =>
    copySections(
      options.eif,
      image.sections.filter(({ type }) => type === wanted),
      to,
    );
  await copy('kernel', file('kernel'));
  // Both ramdisks follow each other, as the hypervisor puts them into memory
  await copy('ramdisk', file('ramdisks'));
  await writeFile(file('pcrs'), pcrLines(image, options));
  return {
    options: [
      ...['-M', 'virt,gic-version=3,memory-backend=ram', ...acceleratorOptions('tcg', 'neoverse-n1')],
      // vhost-user needs shared memory
      ...['-object', `memory-backend-memfd,id=ram,size=${options.memoryMiB ?? 512}M,share=on`],
      ...['-global', 'virtio-mmio.force-legacy=false', '-nic', 'none'],
      ...['-device', 'vhost-user-vsock-device,chardev=vsock'],
      ...['-device', `virtio-nsm-device,module-id=${moduleIdOf(options)}`],
      ...['-kernel', file('kernel'), '-initrd', file('ramdisks')],
    ],
    environment: { NSM_TEST_PCRS: file('pcrs'), VIRT_TEST_NS16550: '1', VIRT_TEST_SMCCC_TRNG: '1' },
    append: `${image.cmdline.replace(/\0$/, '')} ${PARENT}`,
  };
}

/**
 * Returns the lines of the file for NSM_TEST_PCRS. PCR3 and PCR4 are the SHA-384 of 48 zero bytes followed by the role's ARN or the
 * instance's id.
 */
function pcrLines({ measurements }: EifImage, options: BootOptions): string {
  const { pcr0, pcr1, pcr2, pcr8 } = measurements;
  const extended = (text: string) => createHash('sha384').update(Buffer.alloc(48)).update(text).digest('hex');
  const values: readonly (readonly [number, string | undefined])[] = [
    [0, pcr0],
    [1, pcr1],
    [2, pcr2],
    [3, extended(parentRoleOf(options))],
    [4, extended(parentIdOf(options))],
    [8, pcr8],
  ];
  return values.flatMap(([index, value]) => (value === undefined ? [] : [`${index} ${value}\n`])).join('');
}
