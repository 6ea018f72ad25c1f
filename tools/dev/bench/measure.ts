/** One figure of one thing, and beside which reference of the same run. */
export interface Row {
  what: string;
  /** Null where it could not be measured; `note` then says why. */
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
  /** `value` over the reference's. */
  ratio?: number;
  /** What the issue asks of the ratio. */
  aim?: Aim;
  /** A count that a promise fixes: another one is a failure of the bench. */
  mustBe?: number;
  note?: string;
}

export type Aim = { readonly atLeast: number } | { readonly atMost: number };

/**
 * Runs `work` for about `durationMs` after a short warm-up, per second of CPU time, so that other processes on the machine weigh
 * little; the best of `rounds` counts, since noise only slows.
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

/** Where either was not measured there is no ratio. */
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

/** Each in its turn, and again: what slows the machine for a while meets all of them. @returns the best of each; noise only slows */
export async function bestOf(rounds: number, contenders: readonly (() => Promise<number>)[]): Promise<number[]> {
  const best = contenders.map(() => 0);
  for (let round = 0; round < rounds; round++) {
    for (const [at, contender] of contenders.entries()) best[at] = Math.max(best[at] ?? 0, await contender());
  }
  return best;
}

export interface SectionOptions {
  /** Where CPU profiles of the gateway go. */
  readonly profileFolder?: string | undefined;
  /** Of a day: how many are sent, and how many a second on average. */
  readonly messages?: number | undefined;
  readonly rate?: number | undefined;
}

export interface Section {
  readonly title: string;
  /** Half an hour and more: it runs only where it is named. */
  readonly onlyNamed?: true;
  rows(options: SectionOptions): Promise<Row[]>;
}
