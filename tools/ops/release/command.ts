import { workspaceRoot } from '@communique-tee/testing/harness';
import { Option, type Command } from 'commander';
import { join } from 'node:path';
import { terminal, writableFolder, type CommandLine } from '@communique-tee/command-line';
import { BuildError } from '../../image/build/build-error';
import { findReferenceStringForCommand } from '../../cli/residence/reference-string';
import { buildRelease } from './build-release';

interface Options {
  readonly arch: 'arm64' | 'x86_64';
  readonly out: string;
  /** `true`: the option was given without a file. */
  readonly referenceString?: string | true;
}

const AFTER = `
It makes communique-tee-<arch>.tar.gz and release.json. release.json has the archive's SHA-256 and key in the store, and
a list of the prebuilt programs that were not compared with the hashes that their publishers signed. It also makes
communique-tee.mjs, the command for auditors, and a file with its SHA-256. Publish both where people know you, not on
the gateway. With them, publish the output of npm run ops -- policy: clients need it to accept your enclaves.

Exit code
  0  built
  1  not built; the error says why
  2  an argument was not understood: the error names it, and --help lists the arguments
`;

export function release(command: Command, line: CommandLine): void {
  command
    .description(
      "Builds what the parent instance runs: Node, gateway, migrations and the parent's programs, as one archive.",
    )
    .addOption(
      new Option('--arch <arch>', 'the architecture of the parent instance')
        .choices(['arm64', 'x86_64'])
        .default('arm64'),
    )
    .option('--out <folder>', 'the folder for the files', join('dist', 'release'))
    .option(
      '--reference-string [file]',
      'include the reference string, with which people prove residence in the page (default: where docs/residence.md says)',
    )
    .addHelpText('after', AFTER)
    .action(line.run(build));
}

async function build({ arch, out, referenceString: asked }: Options): Promise<number> {
  const outFolder = writableFolder('--out', out);
  const referenceString =
    asked === undefined ? undefined : await findReferenceStringForCommand({ file: asked === true ? undefined : asked });
  if (asked !== undefined && referenceString === undefined) {
    terminal.err(
      asked === true
        ? 'not built: the reference string was not found (docs/residence.md lists where the command looks for it)\n'
        : `not built: ${asked} is not the reference string: it needs 262,208 bytes with the pinned SHA-256 (docs/residence.md)\n`,
    );
    return 1;
  }
  try {
    const { file, sha256, sizeBytes, key, manifest, verifier, unverified } = await buildRelease({
      root: workspaceRoot(),
      arch,
      outFolder,
      referenceString,
      step: (title) => {
        terminal.err(`${title}\n`);
      },
    });
    for (const each of unverified) terminal.err(`${each}\n`);
    terminal.err(`${file}: ${(sizeBytes / 1e6).toFixed(1)} MB, ${String(Object.keys(manifest.files).length)} files\n`);
    terminal.err(`${verifier.name}: ${(verifier.sizeBytes / 1e6).toFixed(1)} MB, SHA-256 ${verifier.sha256}\n`);
    terminal.out(`${JSON.stringify({ key, sha256 }, null, 2)}\n`);
    return 0;
  } catch (error) {
    const missing = missingProgram(error);
    if (missing !== undefined) {
      terminal.err(`not built: ${missing} is not on PATH; install it and try again\n`);
      return 1;
    }
    if (!(error instanceof BuildError)) throw error;
    terminal.err(`not built (${error.code}): ${error.message}\n`);
    return 1;
  }
}

/** Returns the program whose start failed because it does not exist; undefined for other errors. */
function missingProgram(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT') return undefined;
  return 'syscall' in error && String(error.syscall).startsWith('spawn') && 'path' in error
    ? String(error.path)
    : undefined;
}
