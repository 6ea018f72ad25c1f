import { CommandLine } from '@communique-tee/command-line';
import { modelCommand } from '@communique-tee/test-model';
import { relative } from 'node:path';
import { fuzzCommand } from './fuzz/fuzz-command';
import { allAttackFiles, loadAttack } from './load-attack';
import { processLabs } from './process-lab';
import { judgesCommand } from './judges/judges-command';
import { pulumiCommand } from './judges/pulumi-command';
import { openApiCommand } from './openapi/openapi-command';
import { describeOutcome, describeTotal } from './report';
import { runAttack, type Outcome } from './run-attack';

interface Given {
  readonly image?: boolean;
  readonly verbose?: boolean;
}

const AFTER = `
An attack is a file of about twenty lines; test/lab/README.md shows how to write one.

  npm run lab -- fuzz --help       random changes of inputs that cross into the enclave
  npm run lab -- openapi --help    outside judges lint the OpenAPI document and test the gateway against it; --write writes the document
  npm run lab -- model --help      visits every state of a model of the delivery rule (needs spin)
  npm run lab -- judges --help     installs the outside judges that specs and openapi use
  npm run lab -- pulumi --help     builds Pulumi's own CLI, for the tests of infra
  npm run lab -- aws-models --help extracts from botocore what AWS's API allows
  npm run lab -- residence-circuit --help
                                   compares or writes the compiled circuit of the proof of residence
  npm run lab -- residence-proofs --help
                                   makes the proofs of residence that tests use

Exit code
  0    every promise held
  1    a promise did not hold, an attack could not be carried out, or every attack was skipped
  2    an argument was not understood: the error names it, and --help lists the arguments
  130  interrupted
`;

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
const [command = '', ...rest] = process.argv.slice(2);
const commands: Readonly<Record<string, () => CommandLine | Promise<CommandLine>>> = {
  fuzz: fuzzCommand,
  openapi: openApiCommand,
  model: modelCommand,
  judges: judgesCommand,
  pulumi: pulumiCommand,
  // Imported only when used, because it loads the circuit compiler.
  'residence-circuit': async () => (await import('./residence/circuit-command')).circuitCommand(),
  'residence-proofs': async () => (await import('./residence/proofs-command')).proofsCommand(),
  // Imported only when used, because it loads the Pulumi program.
  'aws-models': async () => (await import('./judges/aws-models-command')).awsModelsCommand(),
};
const named = Object.hasOwn(commands, command) ? commands[command] : undefined;
process.exitCode = named ? await (await named()).parse(rest) : await attacks().parse(process.argv.slice(2));

function attacks(): CommandLine {
  const line = new CommandLine(
    'npm run lab --',
    'Attacks an enclave as its parent can, and checks that every promise holds.',
  );
  line.program
    .argument('[files...]', 'attacks to run (default: all of test/lab/attacks)')
    .option('--image', 'attack the booted image in the emulator instead of the development build as a process')
    .option('--verbose', 'print every expectation')
    .addHelpText('after', AFTER)
    .action(line.run(main));
  return line;
}

async function main(files: readonly string[], given: Given): Promise<number> {
  const paths = files.length > 0 ? files : await allAttackFiles();
  const attacks = [];
  for (const path of paths) attacks.push({ path: relative(process.cwd(), path), attack: await loadAttack(path) });
  const lab = given.image === true ? await (await import('./image-lab')).imageLab(say) : processLabs;
  const outcomes: Outcome[] = [];
  try {
    for (const [at, { path, attack }] of attacks.entries()) {
      say(`[${String(at + 1)}/${String(attacks.length)}] ${path}`);
      const reason = lab.cannotRun(attack);
      if (reason !== null) {
        say(`      SKIPPED: ${reason}`);
        continue;
      }
      const outcome = await runAttack(attack, (each) => lab.open(each));
      outcomes.push(outcome);
      process.stdout.write(describeOutcome(outcome, given.verbose === true));
    }
  } finally {
    await lab.stop();
  }
  process.stdout.write(describeTotal(outcomes, attacks.length));
  return outcomes.length > 0 && outcomes.every(({ verdict }) => verdict === 'held') ? 0 : 1;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
