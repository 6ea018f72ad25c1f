import type { Command } from 'commander';
import { UsageError, type CommandLine } from '@communique-tee/command-line';
import { readStackFile, type StackFile } from '../preflight/plan/stack-file';
import { Deployment } from './deployment';
import type { Ports } from './ports';
import { runSteps } from './run-steps';
import type { Step } from './step';
import { ADDRESS_STEPS, STEPS } from './steps';

interface Options {
  readonly stack?: string;
  readonly yes?: boolean;
  readonly from?: string;
  readonly plan?: boolean;
  readonly addressOnly?: boolean;
  readonly skipChecks?: string;
  readonly refresh?: boolean;
  readonly dropOldImage?: boolean;
  readonly wait: string;
}

const VERIFY_LIMIT_MS = 10 * 60_000;

const after = (steps: readonly Step[]): string => `
Steps, each of which may be run again
${steps.map(({ name, title }) => `  ${name.padEnd(14)} ${title}`).join('\n')}

Pulumi gets its Node from node_modules/.bin of this checkout. Nothing is sent to Congress. Ctrl-C interrupts the running
step; the command then prints how to continue.

Exit code
  0    deployed, verified
  1    a step failed; the output names the step, the reason, and the command that continues
  2    an argument was not understood, or there is no such stack: the error says which
  130  interrupted

Examples
  npm run deploy -- --stack dev
  npm run deploy -- --stack prod --address-only
  npm run deploy -- --stack prod --plan
  npm run deploy -- --stack prod --from rollout
  npm run deploy -- bootstrap --account 111122223333
`;

export function deploy(command: Command, line: CommandLine, ports: () => Ports): void {
  command
    .description(
      'Deploys a stack: builds what is missing, checks, runs pulumi up, replaces the parents, and verifies from outside.',
    )
    .option('--stack <stack>', 'dev, staging or prod')
    .option('-y, --yes', 'ask nothing')
    .option('--from <step>', 'continue with this step')
    .option('--address-only', 'make only the address for the House, weeks before the rest; needs no image')
    .option('--skip-checks <names>', 'checks that preflight leaves out, separated by commas')
    .option('--plan', 'list the steps and the commands that do them by hand; do nothing')
    .option('--refresh', 'let Pulumi read the state of AWS first; needed after an update that failed')
    .option(
      '--drop-old-image',
      'continue although the running image is not among acceptedPcr0: a rollback to it is then impossible',
    )
    .option('--wait <minutes>', 'how long to wait for an instance refresh', '90')
    .addHelpText('after', after(STEPS))
    .action(
      line.run((options: Options) => run(options, ports(), options.addressOnly === true ? ADDRESS_STEPS : STEPS)),
    );
}

async function run(options: Options, ports: Ports, steps: readonly Step[]): Promise<number> {
  const { stack } = options;
  if (stack === undefined) throw new UsageError('--stack is missing: dev, staging or prod');
  const first = options.from === undefined ? 0 : steps.findIndex(({ name }) => name === options.from);
  if (first === -1)
    throw new UsageError(`--from: there is no such step; there are ${steps.map(({ name }) => name).join(', ')}`);
  if (options.skipChecks !== undefined && !/^[a-z,-]{1,300}$/.test(options.skipChecks))
    throw new UsageError('--skip-checks takes names of checks; npm run ops -- preflight --help lists them');
  const minutes = /^\d{1,4}$/.test(options.wait) ? Number(options.wait) : 0;
  if (minutes < 1) throw new UsageError('--wait takes whole minutes, 1 or more');
  const stackFile = fileOf(ports, stack);
  const { region } = stackFile;
  if (region === undefined) throw new UsageError(`Pulumi.${stack}.yaml names no aws:region`);
  const chosen = steps.slice(first);
  if (options.plan === true) {
    ports.out(planOf(chosen, steps, stack));
    return 0;
  }
  if (options.yes !== true && ports.ask === undefined && chosen.some(({ name }) => name === 'preview'))
    throw new UsageError('there is no terminal to ask at: add --yes');
  const deployment = new Deployment(
    {
      stack,
      stackFile,
      region,
      yes: options.yes === true,
      refresh: options.refresh === true,
      dropOldImage: options.dropOldImage === true,
      skipChecks: options.skipChecks,
      rolloutLimitMs: minutes * 60_000,
      verifyLimitMs: VERIFY_LIMIT_MS,
    },
    ports,
  );
  const again = [
    ...(options.addressOnly === true ? ['--address-only'] : []),
    ...(options.skipChecks === undefined ? [] : ['--skip-checks', options.skipChecks]),
    ...(options.yes === true ? ['--yes'] : []),
    ...(options.dropOldImage === true ? ['--drop-old-image'] : []),
  ];
  return runSteps(deployment, chosen, steps, again);
}

function fileOf({ looking }: Ports, stack: string): StackFile {
  try {
    // Only Pulumi needs the secrets in the file, so this command decrypts none.
    return readStackFile(looking.root, stack, [], () => undefined);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

const planOf = (chosen: readonly Step[], all: readonly Step[], stack: string): string =>
  chosen
    .map((step) => {
      const byHand = step.byHand.map((command) => `      $ ${command}\n`).join('');
      return `${String(all.indexOf(step) + 1).padStart(3)}. ${step.name}: ${step.title}\n${byHand}`;
    })
    .join('')
    .replaceAll('<stack>', stack);
