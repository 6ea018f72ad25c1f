import { CommandLine, UsageError } from '@communique-tee/command-line';
import { installJudge, JUDGES } from '@communique-tee/testing/judges';

const names = Object.keys(JUDGES);

export function judgesCommand(): CommandLine {
  const line = new CommandLine(
    'npm run lab -- judges',
    'Installs the outside judges that some specs and npm run lab use, into ~/.cache/communique-tee or COMMUNIQUE_CACHE_DIR. Each judge is pinned with its dependencies.',
  );
  line.program
    .argument('[names...]', `${names.join(', ')} (default: all)`)
    .addHelpText(
      'after',
      '\nExit code\n  0  done; if a judge could not be installed, a line that begins with NOT RUN says why\n  2  an argument was not understood: the error names it, and --help lists the arguments\n',
    )
    .action(line.run(install));
  return line;
}

async function install(wanted: readonly string[]): Promise<number> {
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new UsageError(`there is no judge ${unknown}; there are ${names.join(', ')}`);
  for (const judge of Object.values(JUDGES)) {
    if (wanted.length > 0 && !wanted.includes(judge.name)) continue;
    const installed = await installJudge(judge, say);
    say(
      'absent' in installed
        ? `NOT RUN: everything that needs ${judge.name}: ${installed.absent}`
        : `${judge.name} ${judge.version}: ${installed.folder}`,
    );
  }
  return 0;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
