import { Option, type Command } from 'commander';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { CommandLine } from '@communique-tee/command-line';
import { parseLock } from '../debian-archive/lock';
import { say, seconds } from '../debian-archive/say';
import { reportSetupError } from '../debian-archive/setup-error';
import type { ImageArchitecture } from '../inputs/lock-inputs';
import { kernelFolder } from '../kernel/kernel';
import { ensureEmulator, findEmulator } from './ensure';
import { EMULATOR_LOCK, resolveEmulator } from './lock-inputs';

const AFTER = `
The first setup compiles QEMU. Later it comes from the cache.

Exit code
  0  done
  1  it could not be done, and why
  2  an argument was not understood: the error names it, and --help lists the arguments
`;

const KEPT_EXIT_CODES = `
Exit code
  0  both are there
  1  one of them is not
  2  an argument was not understood: the error names it, and --help lists the arguments
`;

export function describeEmulator(command: Command, line: CommandLine): void {
  command
    .description('The emulator that boots an image without AWS: QEMU with a Nitro Enclaves machine.')
    .helpCommand(false);
  command
    .command('setup')
    .summary('build it, or find it in the cache')
    .description(
      'Builds the emulator for guests of both architectures, or finds it in the cache, and prints its folders.',
    )
    .addOption(new Option('--arch <arch>', 'only for guests of this architecture').choices(['x86_64', 'arm64']))
    .option('--update-lock', `write ${EMULATOR_LOCK} anew, with the packages of today, and build nothing`)
    .addHelpText('after', AFTER)
    .action(
      line.run(({ updateLock, arch }: { readonly updateLock?: boolean; readonly arch?: ImageArchitecture }) =>
        reportSetupError(() =>
          updateLock === true ? updateEmulatorLock() : setup(arch === undefined ? ['x86_64', 'arm64'] : [arch]),
        ),
      ),
    );
  command
    .command('smoke')
    .summary('boot the smallest image and check what init and the emulator promise')
    .description('Boots the smallest image and checks everything that init and the emulator promise.')
    .addOption(new Option('--arch <arch>', 'of the image').choices(['x86_64', 'arm64']).default('x86_64'))
    .addHelpText('after', AFTER)
    .action(
      line.run(({ arch }: { readonly arch: ImageArchitecture }) =>
        reportSetupError(async () => {
          const { smoke } = await import('./smoke/smoke');
          await smoke(arch);
        }),
      ),
    );
  command
    .command('kept')
    .summary('check whether emulator and kernel are in the cache')
    .description('Looks for the emulator and the kernel in the cache, and makes nothing.')
    .addOption(new Option('--arch <arch>', 'of the image').choices(['x86_64', 'arm64']).default('x86_64'))
    .addHelpText('after', KEPT_EXIT_CODES)
    .action(line.run(({ arch }: { readonly arch: ImageArchitecture }) => (isKept(arch) ? 0 : 1)));
}

async function setup(architectures: readonly ImageArchitecture[]): Promise<void> {
  const root = resolve('.');
  parseLock(readFileSync(join(root, EMULATOR_LOCK), 'utf8'), EMULATOR_LOCK);
  for (const architecture of architectures) {
    const startedAtMs = performance.now();
    const { folder } = await ensureEmulator(root, architecture);
    say(`the emulator for ${architecture} is ready (${seconds(startedAtMs)})`);
    process.stdout.write(`${folder}\n`);
  }
}

function isKept(arch: ImageArchitecture): boolean {
  const root = resolve('.');
  return findEmulator(root, arch) !== undefined && existsSync(join(kernelFolder(root, arch), 'sha256'));
}

function updateEmulatorLock(): void {
  const text = `${JSON.stringify(resolveEmulator(new Date().toISOString().slice(0, 10)), undefined, 1)}\n`;
  parseLock(text, EMULATOR_LOCK);
  writeFileSync(join(resolve('.'), EMULATOR_LOCK), text);
  say(`${EMULATOR_LOCK} now has today's packages`);
}
