/** One measured figure, and the reference of the same run that it is compared with. */
export interface Row {
  what: string;
  /** Null if it could not be measured; `note` then says why. */
  value: number | null;
  unit:
    | 'op/s'
    | 'MB/s'
    | 'req/s'
    | 'msg/s'
    | 'row/s'
    | 'ms'
    | 'MiB'
    | 'KiB'
    | 's'
    | 'files'
    | 'documents'
    | 'messages'
    | 'connections';
  reference?: string;
  /** `value` divided by the reference's. */
  ratio?: number;
  /** The target for the ratio. */
  aim?: Aim;
  /** The exact count that we guarantee; any other fails the bench. */
  mustBe?: number;
  note?: string;
}

export type Aim = { readonly atLeast: number } | { readonly atMost: number };

/**
 * Runs `work` for about `durationMs` in each of `rounds`, after a short warm-up. Counts CPU time, so that other processes on the machine
 * matter little.
 * @returns calls per CPU second in the best round, because noise only slows a round
 */
export async function rateOf(work: () => unknown, { durationMs = 500, rounds = 4 } = {}): Promise<number> {
  let best = 0;
  await spin(work, durationMs / 2);
  for (let round = 0; round < rounds; round++) best = Math.max(best, await spin(work, durationMs));
  return best;
}

async function spin(work: () => unknown, durationMs: number): Promise<number> {
  const before = process.cpuUsage();
  const startedMs = performance.now();
  let count = 0;
  while (performance.now() - startedMs < durationMs) {
    const result = work();
    if (result instanceof Promise) await result;
    count++;
  }
  return count / cpuSecondsSince(before);
}

export function cpuSecondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Returns the row with its reference and their ratio. There is no ratio if one of the two was not measured. */
export function beside(row: Row, reference: Pick<Row, 'what' | 'value'>, aim?: Aim): Row {
  const { value } = row;
  const ratio = value === null || reference.value === null ? {} : { ratio: value / reference.value };
  return { ...row, reference: reference.what, ...ratio, ...(aim !== undefined && { aim }) };
}

export function notMeasured(what: string, unit: Row['unit'], missing: string): Row {
  return { what, value: null, unit, note: `no ${missing} on this machine` };
}

export function meets(ratio: number, aim: Aim): boolean {
  return 'atLeast' in aim ? ratio >= aim.atLeast : ratio <= aim.atMost;
}

/**
 * Runs the contenders alternately, so that a slow phase of the machine affects all.
 * @returns the best result of each, because noise only makes a result worse
 */
export async function bestOf(rounds: number, contenders: readonly (() => Promise<number>)[]): Promise<number[]> {
  const best = contenders.map(() => 0);
  for (let round = 0; round < rounds; round++) {
    for (const [at, contender] of contenders.entries()) best[at] = Math.max(best[at] ?? 0, await contender());
  }
  return best;
}

export interface SectionOptions {
  /** Where CPU profiles go. */
  readonly profileFolder?: string | undefined;
  /** For the section `day`: the number of messages. */
  readonly messages?: number | undefined;
  /** For the section `day`: messages per second, on average. */
  readonly rate?: number | undefined;
}

export interface Section {
  readonly title: string;
  /** Whether the section runs only if the command line names it, because it takes half an hour or more. */
  readonly onlyNamed?: true;
  rows(options: SectionOptions): Promise<Row[]>;
}
