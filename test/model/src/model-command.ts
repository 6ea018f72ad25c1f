import { CommandLine, UsageError } from '@communique-tee/command-line';
import { commandAvailability, temporaryFolder } from '@communique-tee/testing/harness';
import { CONFIGURATIONS, ENDING, type Bounds } from './configurations';
import { availableParallelism } from 'node:os';
import { describeCounterexample } from './describe-counterexample';
import { ASSUMPTION, MUTATIONS, type Mutation } from './mutations';
import { runModel, type Search, type Verdict } from './run-model';

/** At most this many searches run at once, because each takes memory. */
const MOST_AT_ONCE = 4;
/** A search that visits fewer states is broken: for example, the model's processes did not start. */
const FEWEST_STATES = 10_000;

interface Given {
  readonly only?: string;
}

const AFTER = `
The model is test/model/delivery.pml; docs/delivery-model.md says what it proves. Needs spin and gcc.

Exit code
  0    every search ended as expected, or a line begins with NOT RUN
  1    a search ended otherwise
  2    an option was not understood: the error names it, and --help lists the options
  130  interrupted
`;

export function modelCommand(): CommandLine {
  const line = new CommandLine(
    'npm run lab -- model',
    'Visits every state of a model of the delivery rule, and shows what goes wrong if a guard is left out.',
  );
  line.program
    .option('--only <flag>', 'one guard to leave out, e.g. WEAK_dispatch_lease; prints its counterexample')
    .addHelpText('after', AFTER)
    .action(line.run(main));
  return line;
}

async function main({ only }: Given): Promise<number> {
  const all = [...MUTATIONS, ASSUMPTION];
  const mutations = all.filter(({ flag }) => only === undefined || flag === only);
  if (mutations.length === 0) throw new UsageError(`--only: one of ${all.map(({ flag }) => flag).join(', ')}`);
  for (const tool of ['spin', 'gcc']) {
    const availability = commandAvailability(tool, tool);
    if (availability.available) continue;
    say(`NOT RUN: the model of the delivery rule: ${availability.reason}`);
    return 0;
  }
  const searches: (() => Promise<Found>)[] = [];
  if (only === undefined) {
    for (const [name, { bounds }] of Object.entries(CONFIGURATIONS))
      searches.push(() => visit(name, bounds, 'all', FEWEST_STATES));
    for (const [name, { bounds }] of Object.entries(ENDING))
      searches.push(() => visit(`every run ends, ${name}`, bounds, 'endless', FEWEST_STATES));
  }
  for (const mutation of mutations) searches.push(() => weaken(mutation));
  const startedMs = performance.now();
  const holds = await inTurn(searches);
  say(
    `${holds ? 'every search ended as expected' : 'FAILED'}, in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`,
  );
  return holds ? 0 : 1;
}

interface Found {
  readonly holds: boolean;
  readonly text: string;
}

/** Runs several searches at once, and prints their results in order. @returns whether all hold */
async function inTurn(searches: readonly (() => Promise<Found>)[]): Promise<boolean> {
  const results = searches.map(() => Promise.withResolvers<Found>());
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < searches.length) {
      const at = next++;
      await searches[at]?.().then(results[at]?.resolve, results[at]?.reject);
    }
  };
  const working = Promise.all(Array.from({ length: Math.min(availableParallelism(), MOST_AT_ONCE) }, work));
  let holds = true;
  for (const { promise } of results) {
    const found = await promise;
    say(found.text);
    holds &&= found.holds;
  }
  await working;
  return holds;
}

async function visit(name: string, bounds: Bounds, search: Search, fewest: number): Promise<Found> {
  const verdict = await inFolder(bounds, search, []);
  const { counterexample, states } = verdict;
  const holds = counterexample === null && states >= fewest;
  const word = holds ? 'holds' : counterexample === null ? 'TOO FEW STATES' : 'FOUND';
  const actions = counterexample === null ? '' : `\n${describeCounterexample(counterexample)}`;
  return { holds, text: `${word}  ${name}: ${figures(verdict)}${actions}` };
}

async function weaken({ flag, what, bounds, breaks }: Mutation): Promise<Found> {
  const verdict = await inFolder(bounds, 'shortest', [flag]);
  const { counterexample } = verdict;
  const shown = counterexample === null ? '  MISSED: no counterexample' : describeCounterexample(counterexample);
  const other = counterexample === null || counterexample.breaks === breaks ? '' : `\n  OTHER: expected "${breaks}"`;
  return {
    holds: counterexample?.breaks === breaks,
    text: `${flag}: ${what}\n  ${figures(verdict)}\n${shown.trimEnd()}${other}`,
  };
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
