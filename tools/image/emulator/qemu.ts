// Builds QEMU from Debian's source with our patches. Debian's binary packages lack the nitro-enclave machine (x86-64), and the NSM device
// for the virt machine (arm64).
import { copyFileSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { withBuildRoot, type BuildRoot } from '../debian-archive/build-root';
import { download, type Wanted } from '../debian-archive/download';
import { group, source, type Lock } from '../debian-archive/lock';
import { say, seconds } from '../debian-archive/say';
import { SetupError } from '../debian-archive/setup-error';
import type { ImageArchitecture } from '../inputs/lock-inputs';

export const PATCHES = join('tools', 'image', 'emulator', 'patches');

/** `devices` are compiled in. `-M help` of a good build lists `machine`. */
const TARGETS = {
  x86_64: {
    target: 'x86_64-softmmu',
    program: 'qemu-system-x86_64',
    devices: ['NITRO_ENCLAVE'],
    accelerators: ['kvm', 'tcg'],
    machine: 'nitro-enclave',
  },
  arm64: {
    target: 'aarch64-softmmu',
    program: 'qemu-system-aarch64',
    devices: ['ARM_VIRT', 'VIRTIO_NSM', 'VHOST_USER_VSOCK', 'SERIAL_MM'],
    // The emulator's programs are for x86-64, which cannot run an arm64 guest under KVM.
    accelerators: ['tcg'],
    machine: 'virt',
  },
} as const;

export const qemuProgram = (architecture: ImageArchitecture): string => TARGETS[architecture].program;

/** Leaves out what the machine does not use, for 1,300 compile steps instead of 10,000. */
export function configureOptions(architecture: ImageArchitecture): string[] {
  const { target, accelerators } = TARGETS[architecture];
  return [
    '--python=/usr/bin/python3',
    `--target-list=${target}`,
    '--without-default-features',
    '--without-default-devices',
    `--with-devices-${target.replace('-softmmu', '')}=nitro`,
    ...[...accelerators, 'system', 'gnutls', 'libcbor', 'vhost-user', 'attr'].map((feature) => `--enable-${feature}`),
    '--enable-fdt=system',
    ...['docs', 'tools', 'werror', 'debug-info', 'install-blobs'].map((feature) => `--disable-${feature}`),
  ];
}

/** The loader of the build root. It starts programs with the build root's libraries instead of the machine's. */
const LOADER = 'ld-linux-x86-64.so.2';

/**
 * Builds QEMU, which takes minutes, and puts it into `into`: bin/qemu-system-<arch>, bin/vhost-device-vsock, lib/ with their libraries and
 * loader, share/qboot.rom. The log is written to `logFile`.
 */
export async function buildEmulator(
  lock: Lock,
  root: string,
  architecture: ImageArchitecture,
  into: string,
  logFile: string,
): Promise<void> {
  const qemu = source(lock, 'qemu');
  const wanted: Wanted[] = qemu.files.map((file) => ({
    file,
    suite: qemu.suite,
    label: `qemu's source ${qemu.version}`,
  }));
  const firmware = [...group(lock, 'firmware'), ...group(lock, 'vhost-device-vsock')];
  const kept = await download([
    ...wanted,
    ...firmware.map((file) => ({ file, suite: file.suite, label: `${file.name} ${file.version}` })),
  ]);
  await withBuildRoot('qemu', [...group(lock, 'build'), ...group(lock, 'meson')], async (inside) => {
    qemu.files.forEach((file, at) =>
      copyFileSync(kept[at] ?? '', join(inside.work, file.path.split('/').at(-1) ?? '')),
    );
    mkdirSync(join(inside.work, 'patches'));
    for (const patch of patchFiles(root, architecture))
      copyFileSync(patch, join(inside.work, 'patches', patch.split('/').at(-1) ?? ''));
    mkdirSync(join(inside.work, 'debs'));
    firmware.forEach((_, at) =>
      copyFileSync(kept[qemu.files.length + at] ?? '', join(inside.work, 'debs', `${at}.deb`)),
    );
    await compile(inside, architecture, logFile);
    for (const sub of ['bin', 'lib', 'share']) mkdirSync(join(into, sub), { recursive: true });
    for (const sub of ['bin', 'lib', 'share']) {
      for (const file of readdirSync(join(inside.work, 'out', sub)))
        copyFileSync(join(inside.work, 'out', sub, file), join(into, sub, file));
    }
  });
}

async function compile(inside: BuildRoot, architecture: ImageArchitecture, logFile: string): Promise<void> {
  const startedAtMs = performance.now();
  const { target, program, devices, machine } = TARGETS[architecture];
  const run = (script: string) =>
    inside.run(script, { logFile, progress: (line) => say(`  ${seconds(startedAtMs)}  ${line.slice(0, 100)}`) });
  say('QEMU: unpacking and configuring');
  await run(`
    dpkg-source --no-check -x *.dsc qemu
    for p in patches/*.patch; do patch -d qemu -p1 < "$p"; done
    for d in ${devices.join(' ')}; do echo "CONFIG_$d=y"; done > qemu/configs/devices/${target}/nitro.mak
    mkdir obj; cd obj
    ../qemu/configure ${configureOptions(architecture).join(' ')}`);
  say('QEMU: compiling (3 to 8 minutes on two cores)');
  await run(`
    cd obj
    ninja -j"$(nproc)" ${program}
    strip ${program}
    cd ..
    mkdir -p out/bin out/lib out/share debs/x
    for d in debs/*.deb; do dpkg-deb -x "$d" debs/x; done
    cp obj/${program} debs/x/usr/bin/vhost-device-vsock out/bin/
    cp debs/x/usr/share/qemu/qboot.rom out/share/
    cp /usr/lib64/${LOADER} out/lib/
    for b in out/bin/*; do
      /lib64/${LOADER} --list "$b" > needs
      ! grep 'not found' needs
      sed -n 's/.*=> \\(\\/[^ ]*\\) .*/\\1/p' needs | while read -r l; do cp -L "$l" out/lib/; done
    done
    /lib64/${LOADER} --library-path out/lib out/bin/${program} -M help | grep ${machine}
    /lib64/${LOADER} --library-path out/lib out/bin/vhost-device-vsock --version`);
  say(`QEMU: built in ${seconds(startedAtMs)}`);
}

/** Returns the patches for this architecture. arm64 uses all patches; x86_64 leaves out those named `arm64-*`. */
export function patchFiles(root: string, architecture: ImageArchitecture): string[] {
  const folder = join(root, PATCHES);
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.patch') && (architecture === 'arm64' || !name.startsWith('arm64-')))
    .sort();
  if (files.length === 0) throw new SetupError('lock_invalid', `no patches in ${folder}`);
  return files.map((name) => join(folder, name));
}

export const patchTexts = (root: string, architecture: ImageArchitecture): string[] =>
  patchFiles(root, architecture).map((file) => readFileSync(file, 'utf8'));
