import { workspaceRoot } from '@communique-tee/testing/harness';
import { execFile } from 'node:child_process';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bounds } from './configurations';
import { promelaOfTransitions } from './promela';

const MEMORY_MIB = 3500;
const MODEL = 'delivery.pml';

export interface Counterexample {
  /** The comment beside the assertion that failed. */
  readonly breaks: string;
  /** One line for each action, in order. */
  readonly actions: readonly string[];
}

export interface Verdict {
  readonly states: number;
  readonly transitions: number;
  readonly seconds: number;
  readonly counterexample: Counterexample | null;
}

/**
 * How the search visits the states.
 * - `all`: depth first. Without compression, which would save no memory and take 1.5 times as long.
 * - `shortest`: breadth first, so that the first counterexample has the fewest actions.
 * - `endless`: depth first, for a run that never ends.
 */
export type Search = 'all' | 'shortest' | 'endless';

const COMPILED: Readonly<Record<Search, readonly string[]>> = {
  all: ['-O1', '-DSAFETY', '-DNOREDUCE'],
  shortest: ['-O0', '-DSAFETY', '-DCOLLAPSE', '-DBFS'],
  endless: ['-O1', '-DNP', '-DCOLLAPSE'],
};

/**
 * Builds the model with spin and a C compiler in `folder`, and visits its states. The caller removes the folder.
 * @param flags macros that leave out guards
 * @throws Error if spin or the compiler refuses the model, or the search does not end within its memory
 */
export async function runModel(
  folder: string,
  bounds: Bounds,
  search: Search,
  flags: readonly string[] = [],
): Promise<Verdict> {
  const startedMs = performance.now();
  const source = join(workspaceRoot(), 'test/model', MODEL);
  await copyFile(source, join(folder, MODEL));
  await writeFile(join(folder, 'transitions.pml'), promelaOfTransitions());
  const macros = [
    ...Object.entries(bounds).map(([name, value]) => `-D${name}=${String(value)}`),
    ...flags.map((flag) => `-D${flag}`),
  ];
  await run(folder, 'spin', ['-a', ...macros, MODEL]);
  await run(folder, 'gcc', [
    ...COMPILED[search],
    '-DNOFAIR',
    `-DMEMLIM=${String(MEMORY_MIB)}`,
    '-w',
    '-o',
    'pan',
    'pan.c',
  ]);
  const printed = await run(folder, './pan', search === 'endless' ? ['-l', '-m1000000'] : ['-m1000000']);
  const number = (pattern: RegExp): number => {
    const [, text] = pattern.exec(printed) ?? [];
    if (text === undefined) throw new Error(`the search did not end:\n${printed}`);
    return Number(text);
  };
  if (/max search depth too small|Search not completed\s*\n(?![\s\S]*errors: [1-9])|memory exceeded/.test(printed))
    throw new Error(`the search is not complete:\n${printed}`);
  const errors = number(/errors: (\d+)/);
  return {
    states: number(/(\d+) states, stored/),
    transitions: number(/(\d+) transitions/),
    counterexample: errors === 0 ? null : await replay(folder, macros, await readFile(source, 'utf8')),
    seconds: (performance.now() - startedMs) / 1000,
  };
}

/** The status names, by their numbers in delivery.pml. */
const STATUSES = ['', 'delivered', 'partially_delivered', 'refused', 'unknown', 'expired', 'key_retired'];

async function replay(folder: string, macros: readonly string[], source: string): Promise<Counterexample> {
  const printed = await run(folder, 'spin', ['-t', '-T', '-B', ...macros, '-k', `${MODEL}.trail`, MODEL]);
  const lines = printed.split('\n');
  const [, at] = /delivery\.pml:(\d+), Error: assertion violated/.exec(printed) ?? [];
  const asserted = source.split('\n')[Number(at) - 1] ?? '';
  const [, breaks = at === undefined ? 'a run that never ends' : asserted.trim()] =
    /\/\* (.*) \*\//.exec(asserted) ?? [];
  const actions = lines.filter((line) => /^\s*(client|gateway|enclave|office|message|the lease) /.test(line));
  return {
    breaks,
    actions: actions.map((line) =>
      line.trim().replace(/with status (\d)$/, (_all, n: string) => `as ${STATUSES[Number(n)] ?? n}`),
    ),
  };
}

/** @returns the command's output. pan exits with 0 even if it finds an error. */
function run(folder: string, command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, [...args], { cwd: folder, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command} ${args.join(' ')}: ${error.message}\n${stdout}${stderr}`));
    });
  });
}
