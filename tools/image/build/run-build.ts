import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { asNitroCli } from '@communique-tee/eif';
import { Option, type Command } from 'commander';
import { UsageError, type CommandLine } from '@communique-tee/command-line';
import { SetupError } from '../debian-archive/setup-error';
import { BuildError } from './build-error';
import { buildImage } from './build-image';

interface Options {
  readonly stack?: string;
  readonly configuration?: string;
  readonly arch: 'x86_64' | 'arm64';
  readonly out?: string;
}

const AFTER = `
The first build fetches Debian's and npm's packages, which are pinned (package-lock.json, image/image.lock.json) and kept
outside the work tree. It also compiles the kernel: 5 to 15 minutes on two cores. Later builds take about a minute.

Exit code
  0  built
  1  not built, and why
  2  an argument was not understood: the error names it, and --help lists the arguments
`;

export function describeBuild(command: Command, line: CommandLine): void {
  command
    .description("Builds the enclave's image: communique-tee.eif with measurements.json and sbom.cdx.json beside it.")
    .option('--stack <name>', 'the stack; apps/enclave/config/<name>.json goes into the image')
    .option('--configuration <file>', 'use this configuration file instead')
    .addOption(
      new Option('--arch <arch>', 'the architecture of the parent instance')
        .choices(['x86_64', 'arm64'])
        .default('x86_64'),
    )
    .option('--out <folder>', 'the folder for the image (default: dist/image/<stack>-<arch>)')
    .addHelpText('after', AFTER)
    .action(line.run(build));
}

async function build({ stack, configuration, arch, out }: Options): Promise<number> {
  if (stack === undefined)
    throw new UsageError('--stack is missing: it names the configuration that goes into the image');
  if (!/^[a-z0-9-]{1,32}$/.test(stack))
    throw new UsageError('--stack takes lower-case letters, digits and hyphens, at most 32');
  const root = workspaceRoot();
  const configurationFile = resolve(configuration ?? join(root, 'apps/enclave/config', `${stack}.json`));
  if (!existsSync(configurationFile)) {
    process.stderr.write(
      `not built (configuration_invalid): there is no ${relative(process.cwd(), configurationFile)}.\nCopy apps/enclave/config/example.json (or example.production.json, with keys under KMS) to it and fill in what is yours: docs/operator/settings.md.\n`,
    );
    return 1;
  }
  const startedAtMs = performance.now();
  const elapsed = () => `${((performance.now() - startedAtMs) / 1000).toFixed(1).padStart(6)} s`;
  try {
    const built = await buildImage({
      root,
      arch,
      configurationFile,
      outFolder: resolve(out ?? join(root, 'dist/image', `${stack}-${arch}`)),
      step: async (title, work) => {
        process.stderr.write(`${elapsed()}  ${title}\n`);
        return work();
      },
    });
    if (built.configuration.stack !== stack)
      process.stderr.write(`note: the configuration calls its stack ${built.configuration.stack}\n`);
    for (const each of built.unverified) process.stderr.write(`${each}\n`);
    process.stderr.write(`${elapsed()}  ${built.image}: ${(built.sizeBytes / 1e6).toFixed(1)} MB\n`);
    process.stdout.write(`${JSON.stringify(asNitroCli(built.measurements), null, 2)}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof BuildError || error instanceof SetupError)) throw error;
    process.stderr.write(`\nnot built (${error.code}): ${error.message}\n`);
    return 1;
  }
}
