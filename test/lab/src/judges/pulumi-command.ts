import { CommandLine } from '@communique-tee/command-line';
import { installPulumi, keptPulumi, PULUMI_VERSION } from '@communique-tee/testing/judges';

const AFTER = `
Exit code
  0  built; if it could not be built, a line that begins with NOT RUN says why
  1  with --kept: it is not built
  2  an argument was not understood: the error names it, and --help lists the arguments
`;

export function pulumiCommand(): CommandLine {
  const line = new CommandLine(
    'npm run lab -- pulumi',
    `Builds Pulumi's own CLI ${PULUMI_VERSION} with Go into ~/.cache/communique-tee or COMMUNIQUE_CACHE_DIR, for the tests of infra/src/engine. Go's caches for it, about 3 GB, are removed afterwards.`,
  );
  line.program
    .option('--kept', 'report whether the CLI is built, and build nothing')
    .addHelpText('after', AFTER)
    .action(line.run(build));
  return line;
}

async function build({ kept }: { readonly kept?: boolean }): Promise<number> {
  if (kept === true) return 'absent' in keptPulumi() ? 1 : 0;
  const cli = await installPulumi(say);
  say('absent' in cli ? `NOT RUN: the program under Pulumi's own engine: ${cli.absent}` : cli.command);
  return 0;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
