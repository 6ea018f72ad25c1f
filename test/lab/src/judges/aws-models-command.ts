import { CommandLine } from '@communique-tee/command-line';
import { writeApiModels } from '@communique-tee/infra-commands';
import { installJudge, JUDGES } from '@communique-tee/testing/judges';
import { workspaceRoot } from '@communique-tee/testing/harness';

export function awsModelsCommand(): CommandLine {
  const line = new CommandLine(
    'npm run lab -- aws-models',
    `Extracts from botocore ${JUDGES.botocore.version} (PyPI) what AWS's API allows for the inputs of the Pulumi program, and writes that into infra/src/aws-api.`,
  );
  line.program
    .addHelpText(
      'after',
      '\nExit code\n  0  written\n  1  botocore could not be installed\n  2  an argument was not understood: the error names it, and --help lists the arguments\n',
    )
    .action(line.run(extract));
  return line;
}

async function extract(): Promise<number> {
  const installed = await installJudge(JUDGES.botocore, say);
  if ('absent' in installed) {
    process.stderr.write(`${installed.absent}\n`);
    return 1;
  }
  const { version } = JUDGES.botocore;
  const file = await writeApiModels({ folder: installed.folder, version }, workspaceRoot());
  say(`${file}: of botocore ${version}`);
  return 0;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
