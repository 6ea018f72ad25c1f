import type { Command } from 'commander';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { CommandLine } from '@communique-tee/command-line';
import { parseLock } from '../debian-archive/lock';
import { say, seconds } from '../debian-archive/say';
import { reportSetupError } from '../debian-archive/setup-error';
import { ensureEmulator } from './ensure';
import { EMULATOR_LOCK, resolveEmulator } from './lock-inputs';

const AFTER = `
The first time QEMU is compiled. Later it comes out of the cache.

Exit code
  0  done
  1  it could not be done, and why
  2  not understood: the arguments
`;

export function describeEmulator(command: Command, line: CommandLine): void {
  command
    .description('The emulator that boots an image without AWS: QEMU with a Nitro Enclaves machine.')
    .helpCommand(false);
  command
    .command('setup')
    .summary('build it, or find it in the cache')
    .description('Builds the emulator, or finds it in the cache, and prints its folder.')
    .option('--update-lock', `write ${EMULATOR_LOCK} anew, with the packages of today, and build nothing`)
    .addHelpText('after', AFTER)
    .action(
      line.run(({ updateLock }: { readonly updateLock?: boolean }) =>
        reportSetupError(() => (updateLock === true ? updateEmulatorLock() : setup())),
      ),
    );
  command
    .command('smoke')
    .summary('boot the smallest image and check what init and the emulator promise')
    .description('Boots the smallest image and checks everything that init and the emulator promise.')
    .addHelpText('after', AFTER)
    .action(
      line.run(() =>
        reportSetupError(async () => {
          const { smoke } = await import('./smoke/smoke');
          await smoke();
        }),
      ),
    );
}

async function setup(): Promise<void> {
  const startedAtMs = performance.now();
  const root = resolve('.');
  parseLock(readFileSync(join(root, EMULATOR_LOCK), 'utf8'), EMULATOR_LOCK);
  const { folder } = await ensureEmulator(root);
  say(`the emulator is ready (${seconds(startedAtMs)})`);
  process.stdout.write(`${folder}\n`);
}

function updateEmulatorLock(): void {
  const text = `${JSON.stringify(resolveEmulator(new Date().toISOString().slice(0, 10)), undefined, 1)}\n`;
  parseLock(text, EMULATOR_LOCK);
  writeFileSync(join(resolve('.'), EMULATOR_LOCK), text);
  say(`${EMULATOR_LOCK} is of today`);
}
