// QEMU's nitro-enclave machine out of Debian's source: their binary packages lack it. With our patch for the test PKI.
import { copyFileSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { withBuildRoot, type BuildRoot } from '../debian-archive/build-root';
import { download, type Wanted } from '../debian-archive/download';
import { group, source, type Lock } from '../debian-archive/lock';
import { say, seconds } from '../debian-archive/say';
import { SetupError } from '../debian-archive/setup-error';

export const PATCHES = join('tools', 'image', 'emulator', 'patches');

/** Nothing but what the nitro-enclave machine takes: 1,300 compile steps instead of 10,000. */
export const CONFIGURE = [
  '--python=/usr/bin/python3',
  '--target-list=x86_64-softmmu',
  '--without-default-features',
  '--without-default-devices',
  '--with-devices-x86_64=nitro',
  ...['kvm', 'tcg', 'system', 'gnutls', 'libcbor', 'vhost-user', 'attr'].map((feature) => `--enable-${feature}`),
  '--enable-fdt=system',
  ...['docs', 'tools', 'werror', 'debug-info', 'install-blobs'].map((feature) => `--disable-${feature}`),
];

/** Programs that run with libraries of the build root, whatever the machine has. */
const LOADER = 'ld-linux-x86-64.so.2';

/**
 * Builds QEMU and lays it out in `into`: bin/qemu-system-x86_64, bin/vhost-device-vsock, lib/ with their libraries and their
 * loader, share/qboot.rom. Minutes of compiling; the log is `logFile`.
 */
export async function buildEmulator(lock: Lock, root: string, into: string, logFile: string): Promise<void> {
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
    for (const patch of patchFiles(root))
      copyFileSync(patch, join(inside.work, 'patches', patch.split('/').at(-1) ?? ''));
    mkdirSync(join(inside.work, 'debs'));
    firmware.forEach((_, at) =>
      copyFileSync(kept[qemu.files.length + at] ?? '', join(inside.work, 'debs', `${at}.deb`)),
    );
    await compile(inside, logFile);
    for (const sub of ['bin', 'lib', 'share']) mkdirSync(join(into, sub), { recursive: true });
    for (const sub of ['bin', 'lib', 'share']) {
      for (const file of readdirSync(join(inside.work, 'out', sub)))
        copyFileSync(join(inside.work, 'out', sub, file), join(into, sub, file));
    }
  });
}

async function compile(inside: BuildRoot, logFile: string): Promise<void> {
  const startedAtMs = performance.now();
  const run = (script: string) =>
    inside.run(script, { logFile, progress: (line) => say(`  ${seconds(startedAtMs)}  ${line.slice(0, 100)}`) });
  say('QEMU: unpacking and configuring');
  await run(`
    dpkg-source --no-check -x *.dsc qemu
    for p in patches/*.patch; do patch -d qemu -p1 < "$p"; done
    echo CONFIG_NITRO_ENCLAVE=y > qemu/configs/devices/x86_64-softmmu/nitro.mak
    mkdir obj; cd obj
    ../qemu/configure ${CONFIGURE.join(' ')}`);
  say('QEMU: compiling (3 to 8 minutes on two cores)');
  await run(`
    cd obj
    ninja -j"$(nproc)" qemu-system-x86_64
    strip qemu-system-x86_64
    cd ..
    mkdir -p out/bin out/lib out/share debs/x
    for d in debs/*.deb; do dpkg-deb -x "$d" debs/x; done
    cp obj/qemu-system-x86_64 debs/x/usr/bin/vhost-device-vsock out/bin/
    cp debs/x/usr/share/qemu/qboot.rom out/share/
    cp /usr/lib64/${LOADER} out/lib/
    for b in out/bin/*; do
      /lib64/${LOADER} --list "$b" > needs
      ! grep 'not found' needs
      sed -n 's/.*=> \\(\\/[^ ]*\\) .*/\\1/p' needs | while read -r l; do cp -L "$l" out/lib/; done
    done
    /lib64/${LOADER} --library-path out/lib out/bin/qemu-system-x86_64 -M help | grep nitro-enclave
    /lib64/${LOADER} --library-path out/lib out/bin/vhost-device-vsock --version`);
  say(`QEMU: built in ${seconds(startedAtMs)}`);
}

export function patchFiles(root: string): string[] {
  const folder = join(root, PATCHES);
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.patch'))
    .sort();
  if (files.length === 0) throw new SetupError('lock_invalid', `no patches in ${folder}`);
  return files.map((name) => join(folder, name));
}

export const patchTexts = (root: string): string[] => patchFiles(root).map((file) => readFileSync(file, 'utf8'));
