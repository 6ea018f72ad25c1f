// Finds the emulator, or builds it. A hash of the inputs names its cache folder, so a changed lock file, patch or option leads to a new build.
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { cacheFolder } from '@communique-tee/testing/harness';
import { keyOf } from '../debian-archive/build-root';
import { holdLock } from '../debian-archive/hold-lock';
import { readLock } from '../debian-archive/lock';
import { say } from '../debian-archive/say';
import { SetupError } from '../debian-archive/setup-error';
import type { ImageArchitecture } from '../inputs/lock-inputs';
import { EMULATOR_LOCK } from './lock-inputs';
import { buildEmulator, configureOptions, patchTexts, qemuProgram } from './qemu';

/** Increase this number when the layout of the folder changes. */
const LAYOUT = 1;

export interface Emulator {
  readonly folder: string;
  /** The command line that starts QEMU with the libraries of its build. */
  readonly qemu: readonly string[];
  readonly vhostDeviceVsock: readonly string[];
  /** The folder with qboot.rom, for QEMU's -L. */
  readonly firmware: string;
}

function at(folder: string, architecture: ImageArchitecture): Emulator {
  const lib = join(folder, 'lib');
  const program = (name: string) => [
    join(lib, 'ld-linux-x86-64.so.2'),
    '--library-path',
    lib,
    join(folder, 'bin', name),
  ];
  return {
    folder,
    qemu: program(qemuProgram(architecture)),
    vhostDeviceVsock: program('vhost-device-vsock'),
    firmware: join(folder, 'share'),
  };
}

/** Returns the folder of the emulator that the lock file and the patches describe. @param architecture the guests' architecture */
export function emulatorFolder(root: string, architecture: ImageArchitecture): string {
  const lock = readLock(join(root, EMULATOR_LOCK));
  const key = keyOf(LAYOUT, lock.groups, lock.sources, configureOptions(architecture), patchTexts(root, architecture));
  return join(cacheFolder(), 'emulator', key);
}

/** Returns the emulator if it exists; does not build it. */
export function findEmulator(root: string, architecture: ImageArchitecture): Emulator | undefined {
  const folder = emulatorFolder(root, architecture);
  return existsSync(join(folder, 'made')) ? at(folder, architecture) : undefined;
}

/** Returns the emulator, and builds it first if it does not exist. @throws SetupError of a step that fails */
export async function ensureEmulator(root: string, architecture: ImageArchitecture): Promise<Emulator> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SetupError(
      'build_failed',
      `the emulator runs on Linux on x86-64; this is ${process.platform} on ${process.arch}`,
    );
  }
  const found = findEmulator(root, architecture);
  if (found) return found;
  const folder = emulatorFolder(root, architecture);
  mkdirSync(join(cacheFolder(), 'emulator'), { recursive: true });
  return holdLock(`${folder}.lock`, async () => {
    if (existsSync(join(folder, 'made'))) return at(folder, architecture);
    const draft = `${folder}.draft`;
    rmSync(draft, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(draft);
    const logFile = `${folder}.log`;
    rmSync(logFile, { force: true });
    say(`the emulator for ${architecture} is made once, into ${folder}; log: ${logFile}`);
    await buildEmulator(readLock(join(root, EMULATOR_LOCK)), root, architecture, draft, logFile);
    writeFileSync(join(draft, 'made'), `${new Date().toISOString()}\n`);
    renameSync(draft, folder);
    return at(folder, architecture);
  });
}
