/** How fast one thing is, in its own unit per second, and beside which reference of the same run. */
export interface Row {
  what: string;
  /** Operations, or bytes, per second. */
  rate: number;
  unit: 'op/s' | 'MB/s' | 'req/s';
  reference?: string;
  /** `rate` over the reference's. */
  ratio?: number;
  /** What the issue asks for. */
  aim?: number;
  note?: string;
}

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

export function beside(row: Row, reference: Pick<Row, 'what' | 'rate'>, aim?: number): Row {
  return { ...row, reference: reference.what, ratio: row.rate / reference.rate, ...(aim !== undefined && { aim }) };
}
