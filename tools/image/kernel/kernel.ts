// Builds the enclave's kernel from Debian's source with our configuration, our patches and a pinned compiler. It has the same bytes on
// every machine.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { cacheFolder } from '@communique-tee/testing/harness';
import { keyOf, withBuildRoot } from '../debian-archive/build-root';
import { download, sha256Of } from '../debian-archive/download';
import { holdLock } from '../debian-archive/hold-lock';
import { group } from '../debian-archive/lock';
import { say, seconds } from '../debian-archive/say';
import { SetupError } from '../debian-archive/setup-error';
import { readImageLock, type ImageArchitecture } from '../inputs/lock-inputs';
import { otherRandomSources, statements, unmet } from './check-config';

/** Increase this number when the steps below change the result. */
const RECIPE = 1;

const TARGETS = {
  x86_64: { tools: 'compiler', make: 'ARCH=x86_64', target: 'bzImage', image: 'arch/x86/boot/bzImage' },
  arm64: {
    tools: 'cross-compiler-arm64',
    make: 'ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-',
    target: 'Image',
    image: 'arch/arm64/boot/Image',
  },
} as const;

/** Fixed values for everything that a build would take from its environment. */
const FIXED = {
  KBUILD_BUILD_TIMESTAMP: 'Thu Jan  1 00:00:00 UTC 1970',
  KBUILD_BUILD_USER: 'communique',
  KBUILD_BUILD_HOST: 'communique',
  KBUILD_BUILD_VERSION: '1',
  SOURCE_DATE_EPOCH: '0',
};

export interface Kernel {
  /** The path of the kernel: bzImage on x86-64, Image on arm64. */
  readonly image: string;
  readonly sha256: string;
  /** The path of the finished configuration. */
  readonly config: string;
  /** The version of Debian's source package. */
  readonly version: string;
}

/** Returns the folder for the kernel of this lock file, configuration and patches. */
export function kernelFolder(root: string, architecture: ImageArchitecture): string {
  const lock = readImageLock(root);
  const { tools } = TARGETS[architecture];
  const inputs = [
    RECIPE,
    architecture,
    group(lock, tools),
    group(lock, 'linux-source'),
    FIXED,
    [...statements(fragment(root, architecture))].sort(),
    patches(root).map((file) => readFileSync(file, 'utf8')),
  ];
  return join(cacheFolder(), 'kernel', `${architecture}-${keyOf(...inputs)}`);
}

/**
 * Returns the kernel from the cache, or builds it in 5 to 15 minutes on two cores.
 *
 * @throws SetupError of a step that fails
 */
export async function ensureKernel(root: string, architecture: ImageArchitecture): Promise<Kernel> {
  const folder = kernelFolder(root, architecture);
  mkdirSync(join(cacheFolder(), 'kernel'), { recursive: true });
  if (!existsSync(join(folder, 'sha256'))) {
    await holdLock(`${folder}.lock`, async () => {
      if (!existsSync(join(folder, 'sha256'))) await build(root, architecture, folder);
    });
  }
  const image = join(folder, 'image');
  const sha256 = await sha256Of(image);
  if (sha256 !== readFileSync(join(folder, 'sha256'), 'utf8').trim()) {
    throw new SetupError('wrong_hash', `${image} is not what was built: delete ${folder}`);
  }
  const [source] = group(readImageLock(root), 'linux-source');
  return { image, sha256, config: join(folder, 'config'), version: source?.version ?? '' };
}

/** Returns the options of both architectures, then those of this one. */
const fragment = (root: string, architecture: ImageArchitecture) =>
  ['common', architecture]
    .map((name) => readFileSync(join(root, 'image', 'kernel', `${name}.config`), 'utf8'))
    .join('\n');

function patches(root: string): string[] {
  const folder = join(root, 'image', 'kernel', 'patches');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.patch'))
    .sort()
    .map((name) => join(folder, name));
}

async function build(root: string, architecture: ImageArchitecture, folder: string): Promise<void> {
  const lock = readImageLock(root);
  const { tools, make, target, image } = TARGETS[architecture];
  const wanted = fragment(root, architecture);
  const logFile = `${folder}.log`;
  rmSync(logFile, { force: true });
  const [source] = group(lock, 'linux-source');
  say(`kernel ${source?.version ?? ''} for ${architecture}, into ${folder}; log: ${logFile}`);
  const [deb = ''] = await download(
    group(lock, 'linux-source').map((file) => ({ file, suite: file.suite, label: `${file.name} ${file.version}` })),
  );
  const startedAtMs = performance.now();
  await withBuildRoot(tools, group(lock, tools), async (inside) => {
    const run = (script: string) =>
      inside.run(script, {
        logFile,
        env: FIXED,
        progress: (line) => say(`  ${seconds(startedAtMs)}  ${line.slice(0, 100)}`),
      });
    copyFileSync(deb, join(inside.work, 'linux-source.deb'));
    writeFileSync(join(inside.work, 'fragment'), wanted);
    mkdirSync(join(inside.work, 'patches'));
    for (const patch of patches(root)) copyFileSync(patch, join(inside.work, 'patches', patch.split('/').at(-1) ?? ''));
    say('kernel: unpacking and configuring');
    await run(`
      dpkg-deb --fsys-tarfile linux-source.deb | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' | tar -xJ
      mv linux-source-* linux
      cd linux
      for p in ../patches/*.patch; do patch -p1 < "$p"; done
      make ${make} tinyconfig
      ./scripts/kconfig/merge_config.sh -m .config ../fragment
      make ${make} olddefconfig`);
    const finished = readFileSync(join(inside.work, 'linux', '.config'), 'utf8');
    const missing = [
      ...unmet(wanted, finished),
      ...otherRandomSources(finished).map((option) => `${option}=y is another source of random numbers than the NSM`),
    ];
    if (missing.length > 0)
      throw new SetupError('build_failed', `image/kernel/${architecture}.config:\n  ${missing.join('\n  ')}`);
    say('kernel: compiling (3 to 10 minutes on two cores)');
    await run(`cd linux; make ${make} -j"$(nproc)" ${target}`);
    const draft = `${folder}.draft`;
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft);
    const built = readFileSync(join(inside.work, 'linux', image));
    writeFileSync(join(draft, 'image'), architecture === 'arm64' ? withLoadAddress(built) : built);
    copyFileSync(join(inside.work, 'linux', '.config'), join(draft, 'config'));
    writeFileSync(join(draft, 'sha256'), `${await sha256Of(join(draft, 'image'))}\n`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
  });
  say(`kernel: built in ${seconds(startedAtMs)}`);
}

const ARM64_LOAD_OFFSET = 2n * 1024n * 1024n;

/**
 * Returns the kernel with 2 MiB as `text_offset` in the Image header. Nitro's loader on arm64 puts the kernel at that offset, and newer
 * kernels have 0 ("anywhere"), so AWS's own build writes 2 MiB too (aws-nitro-enclaves-sdk-bootstrap, kernel.nix).
 */
export function withLoadAddress(image: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(image);
  const view = new DataView(changed.buffer);
  if (changed.length < 64 || view.getUint32(56, true) !== 0x644d5241)
    throw new SetupError('build_failed', 'not an arm64 Image: the magic "ARM\\x64" is missing');
  view.setBigUint64(8, ARM64_LOAD_OFFSET, true);
  return changed;
}
