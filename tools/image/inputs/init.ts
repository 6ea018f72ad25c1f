// Compiles image/init, a static program that is process 1 of the enclave. A build for x86-64 also runs its unit tests.
import { copyFileSync, cpSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { cacheFolder } from '@communique-tee/testing/harness';
import { keyOf, withBuildRoot } from '../debian-archive/build-root';
import { download, sha256Of } from '../debian-archive/download';
import { holdLock } from '../debian-archive/hold-lock';
import { group } from '../debian-archive/lock';
import { isSealed, seal } from '../debian-archive/seal';
import { say } from '../debian-archive/say';
import { readImageLock, type ImageArchitecture } from './lock-inputs';

/** Increase this number when the steps below change the result. */
const RECIPE = 2;

const FLAGS = [
  '-std=gnu17 -O2 -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror',
  '-D_GNU_SOURCE -fstack-protector-strong -fstack-clash-protection -fno-strict-aliasing -ftrivial-auto-var-init=zero',
  '-ffile-prefix-map=/build=. -ffunction-sections -fdata-sections -fno-pie',
].join(' ');
const LINK =
  '-static -no-pie -Wl,-z,noexecstack -Wl,-z,relro -Wl,-z,now -Wl,-z,separate-code -Wl,--gc-sections -Wl,--build-id=none -s';

const TARGETS = {
  x86_64: {
    tools: 'compiler',
    gcc: 'gcc-12',
    musl: '/usr',
    triple: 'x86_64-linux-musl',
    kernelHeaders: '/usr/include/x86_64-linux-gnu',
    extra: '-fcf-protection=full',
    emulated: false,
  },
  arm64: {
    tools: 'cross-compiler-arm64',
    gcc: 'aarch64-linux-gnu-gcc-12',
    musl: '/build/musl/usr',
    triple: 'aarch64-linux-musl',
    kernelHeaders: '/usr/aarch64-linux-gnu/include',
    extra: '-mbranch-protection=standard',
    emulated: true,
  },
} as const;

/** What a test changes in init. A shipped image has none of these changes. */
export interface InitForTests {
  /** Seconds between two readings of the NSM's time; default an hour. */
  readonly clockCheckSeconds?: number;
  /** Whether init leaves the clock alone (image/init/test/clock-left-alone.c). */
  readonly leavesClockAlone?: boolean;
}

export interface Init {
  readonly file: string;
  readonly sha256: string;
}

/** @throws SetupError build_failed with the output of the compiler or a test, and the errors of the build root */
export async function ensureInit(
  root: string,
  architecture: ImageArchitecture,
  forTests: InitForTests = {},
): Promise<Init> {
  const lock = readImageLock(root);
  const target = TARGETS[architecture];
  const { clockCheckSeconds, leavesClockAlone = false } = forTests;
  const define = clockCheckSeconds === undefined ? '' : `-DCLOCK_CHECK_SECONDS=${clockCheckSeconds}`;
  const sources = join(root, 'image', 'init');
  const texts = ['src', 'test'].flatMap((sub) =>
    readdirSync(join(sources, sub))
      .sort()
      .map((name) => [sub, name, readFileSync(join(sources, sub, name), 'utf8')]),
  );
  const musl = architecture === 'arm64' ? group(lock, 'musl-arm64') : [];
  const folder = join(
    cacheFolder(),
    'init',
    `${architecture}-${keyOf(RECIPE, FLAGS, LINK, target, group(lock, target.tools), musl, texts, forTests)}`,
  );
  mkdirSync(join(cacheFolder(), 'init'), { recursive: true });
  if (!(await isSealed(folder))) {
    await holdLock(`${folder}.lock`, async () => {
      if (await isSealed(folder)) return;
      const logFile = `${folder}.log`;
      rmSync(logFile, { force: true });
      const debs = await download(
        musl.map((file) => ({ file, suite: file.suite, label: `${file.name} ${file.version}` })),
      );
      // Use a separate build root, because a build of the kernel occupies its own for minutes
      await withBuildRoot('init', group(lock, target.tools), async (inside) => {
        cpSync(sources, join(inside.work, 'init'), { recursive: true });
        mkdirSync(join(inside.work, 'musl'));
        debs.forEach((deb, at) => copyFileSync(deb, join(inside.work, 'musl', `${at}.deb`)));
        const lib = `${target.musl}/lib/${target.triple}`;
        await inside.run(
          `
          for d in musl/*.deb; do [ ! -e "$d" ] || dpkg-deb -x "$d" musl; done
          G=$(${target.gcc} -print-file-name=include)
          L=$(${target.gcc} -print-libgcc-file-name)
          build() { # output, sources: links only musl, and not the compiler's usual C library
            out=$1; shift
            ${target.gcc} ${FLAGS} ${define} ${target.extra} -nostdinc -isystem ${target.musl}/include/${target.triple} -isystem "$G" \\
              -idirafter ${target.kernelHeaders} -idirafter /usr/include -nostdlib ${LINK} -o "$out" ${lib}/crt1.o ${lib}/crti.o "$@" -Wl,--start-group ${lib}/libc.a "$L" -Wl,--end-group ${lib}/crtn.o
          }
          cd init
          build test-init test/test.c src/cmdline.c src/lines.c
          build test-attested-time test/attested-time.c src/attested-time.c
          build test-clock-watch test/clock-watch.c src/clock-watch.c
          ${target.emulated ? ': cannot run here' : './test-init; ./test-attested-time; ./test-clock-watch'}
          ${leavesClockAlone ? 'mv test/clock-left-alone.c src/clock.c' : ''}
          build init src/*.c`,
          { logFile },
        );
        const draft = `${folder}.draft`;
        rmSync(draft, { recursive: true, force: true });
        mkdirSync(draft);
        copyFileSync(join(inside.work, 'init', 'init'), join(draft, 'init'));
        await seal(draft);
        renameSync(draft, folder);
      });
      say(`init for ${architecture}: built into ${folder}`);
    });
  }
  const file = join(folder, 'init');
  return { file, sha256: await sha256Of(file) };
}
