export interface ClosedLoop {
  /** Senders; each sends its next request when it has the answer to its last. */
  readonly senders: number;
  readonly warmUpMs: number;
  /** Either is enough: what comes first ends it. Counted from the end of the warm-up. */
  readonly durationMs?: number | undefined;
  readonly requests?: number | undefined;
}

export interface Counted {
  readonly count: number;
  readonly ratePerSecond: number;
}

/** What is answered within the measured time, over that time. A request that fails ends all of it. */
export async function runClosedLoop(
  { senders, warmUpMs, durationMs = Infinity, requests = Infinity }: ClosedLoop,
  send: () => Promise<void>,
): Promise<Counted> {
  const beginsMs = performance.now() + warmUpMs;
  const endsMs = beginsMs + durationMs;
  let [sent, answered, lastMs] = [0, 0, beginsMs];
  const sender = async (): Promise<void> => {
    while (performance.now() < endsMs && sent < requests) {
      if (performance.now() >= beginsMs) sent++;
      await send();
      const nowMs = performance.now();
      if (nowMs < beginsMs || nowMs > endsMs) continue;
      answered++;
      lastMs = nowMs;
    }
  };
  await Promise.all(Array.from({ length: senders }, sender));
  return { count: answered, ratePerSecond: (answered * 1000) / (lastMs - beginsMs) };
}
