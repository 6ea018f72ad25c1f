import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { CommandLine } from '@communique-tee/command-line';
import { EifError } from '@communique-tee/eif';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { buildImage } from '../build/build-image';
import { say, seconds } from '../debian-archive/say';
import { kernelFolder } from '../kernel/kernel';
import { compareWithCrate } from './compare';
import { CRATE_VERSION, installJudge, keptJudge } from './install';
import { AwsImageJudge } from './judge';

interface Options {
  readonly setup?: boolean;
  readonly kept?: boolean;
}

const AFTER = `
The crate builds an image from the same parts and metadata, and the two files must be the same to the byte. Without arguments, the
command first builds images with apps/enclave/config/example.json: x86_64, and arm64 if its kernel is in the cache.

Exit code
  0  the same, or a line that begins with NOT RUN says what is missing; with --setup and --kept: the crate is built
  1  different, and where; with --kept: the crate is not built
  2  an argument was not understood: the error names it, and --help lists the arguments
`;

export function describeJudge(command: Command, line: CommandLine): void {
  command
    .description(
      `Compares images with what AWS's own crate (aws-nitro-enclaves-image-format ${CRATE_VERSION}) makes from their parts.`,
    )
    .argument('[images...]', 'unsigned images')
    .option('--setup', 'build the crate (Rust; some minutes) if it is not kept, and compare nothing')
    .option('--kept', 'tell whether the crate is built, and compare nothing')
    .addHelpText('after', AFTER)
    .action(line.run(judgeImages));
}

async function judgeImages(images: readonly string[], { setup, kept }: Options): Promise<number> {
  if (kept === true) return 'command' in keptJudge() ? 0 : 1;
  const judge = setup === true ? await installJudge(say) : keptJudge();
  if ('absent' in judge) {
    process.stdout.write(`NOT RUN: no image was compared with AWS's own: ${judge.absent}\n`);
    return 0;
  }
  if (setup === true) {
    process.stdout.write(`${judge.command}\n`);
    return 0;
  }
  const crate = new AwsImageJudge(judge.command);
  if (images.length > 0) return compareAll(crate, images);
  const folder = await mkdtemp(join(tmpdir(), 'image-judge-'));
  try {
    return await compareAll(crate, await exampleImages(folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function exampleImages(folder: string): Promise<string[]> {
  const root = workspaceRoot();
  const images: string[] = [];
  for (const arch of ['x86_64', 'arm64'] as const) {
    if (arch === 'arm64' && !existsSync(join(kernelFolder(root, arch), 'sha256'))) {
      process.stdout.write(
        'NOT RUN: the arm64 image: its kernel is not in the cache (npm run image -- kernel arm64)\n',
      );
      continue;
    }
    const startedAtMs = performance.now();
    const { image } = await buildImage({
      root,
      arch,
      configurationFile: join(root, 'apps/enclave/config/example.json'),
      outFolder: join(folder, arch),
      step: (_title, work) => work(),
    });
    say(`${arch}: built (${seconds(startedAtMs)})`);
    images.push(image);
  }
  return images;
}

async function compareAll(crate: AwsImageJudge, images: readonly string[]): Promise<number> {
  let same = true;
  for (const image of images) {
    try {
      const { difference, sizeBytes, pcr0 } = await compareWithCrate(crate, image);
      same &&= difference === null;
      process.stdout.write(
        difference === null
          ? `the same as AWS's: ${image}: ${String(sizeBytes)} bytes, PCR0 ${pcr0}\n`
          : `different from AWS's: ${image}: ${difference}\n`,
      );
    } catch (error) {
      if (!(error instanceof EifError)) throw error;
      process.stdout.write(`not an image: ${image}: ${error.message}\n`);
      same = false;
    }
  }
  return same ? 0 : 1;
}
