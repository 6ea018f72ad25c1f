export interface ClosedLoop {
  /** How many senders there are. Each sends its next request when it has the answer to its last one. */
  readonly senders: number;
  readonly warmUpMs: number;
  /**
   * The loop ends when `durationMs` is over or `requests` are sent, whichever comes first. Both are counted from the end of the warm-up.
   */
  readonly durationMs?: number | undefined;
  readonly requests?: number | undefined;
}

export interface Counted {
  readonly count: number;
  readonly ratePerSecond: number;
}

/** Returns the rate of answers in the measured time. A failed request ends the whole loop. */
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
