import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UsageError, type CommandLine } from '@communique-tee/command-line';
import { workspaceRoot } from '@communique-tee/testing/harness';
import type { Command } from 'commander';
import { readStackFile } from '../preflight/plan/stack-file';
import { realPorts, type Ports } from './ports';
import { runHour } from './run-hour';
import { readState, type State } from './state';
import { THEMES, type Theme } from './steps';

interface Options {
  readonly stack: string;
  readonly yes?: boolean;
  readonly list?: boolean;
  readonly restart?: boolean;
  readonly folder: string;
}

const after = (themes: readonly Theme[]): string => `
Steps
${themes.flatMap(({ steps }) => steps.map(({ name, shows, changes }) => `  ${name.padEnd(15)} ${shows}${changes === undefined ? '' : ' (asks first)'}`)).join('\n')}

After an interruption the same command continues, and tries again what was not reached. The report names no account, address,
key or person. docs/operator/first-hour.md tells what each step means.

Exit code
  0  everything proved
  1  something refuted
  2  an argument was not understood, or there is no such stack: the error says which
  3  interrupted, or not everything was reached
`;

export function firstHour(
  command: Command,
  line: CommandLine,
  ports: Ports = realPorts(workspaceRoot()),
  themes: readonly Theme[] = THEMES,
): void {
  command
    .description(
      'The first hour on a real AWS account: makes a stack, proves or refutes what no test can, removes it, and writes a report for the maintainers.',
    )
    .option('--stack <stack>', 'dev or staging', 'dev')
    .option('-y, --yes', 'do not ask before a step that changes something')
    .option('--list', 'print the steps with their commands; run nothing')
    .option('--restart', 'discard the state of an earlier run')
    .option('--folder <folder>', 'for the state and the report', 'dist/first-hour')
    .addHelpText('after', after(themes))
    .action(line.run((options: Options) => run(options, ports, themes)));
}

async function run(options: Options, ports: Ports, themes: readonly Theme[]): Promise<number> {
  const { stack, yes = false, folder: given } = options;
  if (options.list === true) {
    ports.out(
      themes
        .flatMap(({ title, steps }) => [
          `\n${title}\n`,
          ...steps.map(({ name, command }) => `  ${name}\n    ${command}\n`),
        ])
        .join(''),
    );
    return 0;
  }
  if (stack === 'prod')
    throw new UsageError('--stack takes dev or staging, because the command removes the whole stack at its end');
  const { region, domain } = fileOf(ports.root, stack);
  const folder = resolve(ports.root, given);
  if (options.restart === true) rmSync(join(folder, 'state.json'), { force: true });
  let state: State;
  try {
    state = readState(folder, stack) ?? {
      stack,
      began: new Date(ports.nowMs()).toISOString(),
      made: false,
      facts: {},
      outcomes: {},
    };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const again = `npm run ops -- first-hour --stack ${stack}${yes ? ' --yes' : ''}${given === 'dist/first-hour' ? '' : ` --folder ${given}`}`;
  return runHour({ stack, region, domain, folder, yes, again }, state, themes, ports);
}

/** @throws UsageError */
function fileOf(root: string, stack: string): { readonly region: string; readonly domain: string } {
  let file;
  try {
    file = readStackFile(root, stack, [], () => undefined);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const domain = file.values.get('domain');
  if (file.region === undefined || domain === undefined)
    throw new UsageError(`Pulumi.${stack}.yaml names no aws:region or no domain`);
  return { region: file.region, domain };
}
