import { Argument, type Command } from 'commander';
import { resolve } from 'node:path';
import type { CommandLine } from '@communique-tee/command-line';
import { say, seconds } from '../debian-archive/say';
import { reportSetupError } from '../debian-archive/setup-error';
import { IMAGE_LOCK, readImageLock, resolveImage } from '../inputs/lock-inputs';
import { comparePrebuilt } from '../prebuilt/compare';
import { writeRecords } from '../prebuilt/command';
import { ensureKernel } from './kernel';

const AFTER = `
The first call compiles the kernel: 5 to 15 minutes on two cores. Later it comes from the cache.

Exit code
  0  the kernel is there; its SHA-256 and its file are printed
  1  the kernel could not be made: the error says why
  2  an argument was not understood: the error names it, and --help lists the arguments
`;

export function describeKernel(command: Command, line: CommandLine): void {
  command
    .description("Builds the enclave's kernel from Debian's source, or finds it in the cache.")
    .addArgument(new Argument('[arch]', 'of the parent instance').choices(['x86_64', 'arm64']).default('x86_64'))
    .option(
      '--update-lock',
      `write ${IMAGE_LOCK} with today’s packages, after comparing them with what their publishers signed; build nothing`,
    )
    .addHelpText('after', AFTER)
    .action(
      line.run((arch: 'x86_64' | 'arm64', { updateLock }: { readonly updateLock?: boolean }) =>
        reportSetupError(() => (updateLock === true ? updateImageLock() : build(arch))),
      ),
    );
}

async function build(arch: 'x86_64' | 'arm64'): Promise<void> {
  const startedAtMs = performance.now();
  const kernel = await ensureKernel(resolve('.'), arch);
  say(`kernel ${kernel.version} is ready (${seconds(startedAtMs)})`);
  process.stdout.write(`${kernel.sha256}  ${kernel.image}\n`);
}

async function updateImageLock(): Promise<void> {
  const [root, today] = [resolve('.'), new Date().toISOString().slice(0, 10)];
  const lock = resolveImage(today);
  writeRecords(root, {
    ...lock,
    prebuilt: await comparePrebuilt(root, { ...lock, prebuilt: readImageLock(root).prebuilt }, today),
  });
  say(`${IMAGE_LOCK} now has today's packages`);
}
