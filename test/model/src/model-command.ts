import { CommandLine, UsageError } from '@communique-tee/command-line';
import { commandAvailability, temporaryFolder } from '@communique-tee/testing/harness';
import { CONFIGURATIONS, ENDING, type Bounds } from './configurations';
import { describeCounterexample } from './describe-counterexample';
import { ASSUMPTION, MUTATIONS, type Mutation } from './mutations';
import { runModel, type Search, type Verdict } from './run-model';

interface Given {
  readonly only?: string;
}

const AFTER = `
The model is test/model/delivery.pml; docs/delivery-model.md says what it proves. Needs spin and gcc.

Exit code
  0    every state was visited and holds, and each guard that is left out has a counterexample; or a line begins with NOT RUN
  1    a counterexample to the rule, or none if a guard is left out
  2    not understood: the options
  130  interrupted
`;

export function modelCommand(): CommandLine {
  const line = new CommandLine(
    'npm run lab -- model',
    'Visits every state of the delivery rule as a model, and shows what goes wrong if a guard is left out.',
  );
  line.program
    .option('--only <flag>', 'one guard to leave out, e.g. WEAK_dispatch_lease; prints its counterexample')
    .addHelpText('after', AFTER)
    .action(line.run(main));
  return line;
}

async function main({ only }: Given): Promise<number> {
  const mutations = [...MUTATIONS, ASSUMPTION].filter(({ flag }) => only === undefined || flag === only);
  if (mutations.length === 0) throw new UsageError(`--only: one of ${MUTATIONS.map(({ flag }) => flag).join(', ')}`);
  for (const tool of ['spin', 'gcc']) {
    const availability = commandAvailability(tool, tool);
    if (availability.available) continue;
    say(`NOT RUN: the model of the delivery rule: ${availability.reason}`);
    return 0;
  }
  let holds = true;
  if (only === undefined) {
    for (const [name, { bounds }] of Object.entries(CONFIGURATIONS))
      holds = (await visit(name, bounds, 'all')) && holds;
    for (const [name, { bounds }] of Object.entries(ENDING))
      holds = (await visit(`every run ends, ${name}`, bounds, 'endless')) && holds;
  }
  for (const mutation of mutations) holds = (await weaken(mutation)) && holds;
  return holds ? 0 : 1;
}

async function visit(name: string, bounds: Bounds, search: Search): Promise<boolean> {
  const verdict = await inFolder(bounds, search, []);
  const { counterexample } = verdict;
  say(`${counterexample === null ? 'holds' : 'FOUND'}  ${name}: ${figures(verdict)}`);
  if (counterexample !== null) process.stdout.write(describeCounterexample(counterexample));
  return counterexample === null;
}

async function weaken({ flag, what, bounds, breaks }: Mutation): Promise<boolean> {
  const verdict = await inFolder(bounds, 'shortest', [flag]);
  const { counterexample } = verdict;
  say(`${flag}: ${what}\n  ${figures(verdict)}`);
  if (counterexample === null) say('  MISSED: no counterexample');
  else process.stdout.write(describeCounterexample(counterexample));
  return counterexample?.breaks === breaks;
}

async function inFolder(bounds: Bounds, search: Search, flags: readonly string[]): Promise<Verdict> {
  const folder = await temporaryFolder('model-');
  try {
    return await runModel(folder.path, bounds, search, flags);
  } finally {
    await folder.remove();
  }
}

function figures({ states, transitions, seconds }: Verdict): string {
  return `${String(states)} states, ${String(transitions)} transitions, ${seconds.toFixed(1)} s`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
