import { setTimeout as sleep } from 'node:timers/promises';

export interface OpenLoop {
  readonly ratePerSecond: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
}

export interface Clock {
  nowMs(): number;
  sleep(ms: number): Promise<unknown>;
}

const CLOCK: Clock = { nowMs: () => performance.now(), sleep };

/**
 * Sends requests at fixed times, whether or not earlier ones are answered. A latency runs from the time a request was due, not from when it
 * was sent, so that the wait behind a stall counts (no coordinated omission). Requests that are due in the warm-up are not counted.
 * @returns latencies in milliseconds, in the order of the answers
 */
export async function runOpenLoop(
  { ratePerSecond, warmUpMs, durationMs }: OpenLoop,
  send: () => Promise<void>,
  clock = CLOCK,
): Promise<number[]> {
  const startedMs = clock.nowMs();
  const total = Math.floor(((warmUpMs + durationMs) * ratePerSecond) / 1000);
  const latencies: number[] = [];
  const waiting = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  for (let next = 0; next < total && failure === undefined;) {
    const dueMs = startedMs + (next * 1000) / ratePerSecond;
    const aheadMs = dueMs - clock.nowMs();
    if (aheadMs > 0) {
      await clock.sleep(aheadMs);
      continue;
    }
    const counts = dueMs - startedMs >= warmUpMs;
    const one = send().then(
      () => {
        if (counts) latencies.push(clock.nowMs() - dueMs);
      },
      (error: unknown) => {
        failure ??= { error };
      },
    );
    waiting.add(one);
    void one.finally(() => waiting.delete(one));
    next++;
  }
  await Promise.all(waiting);
  if (failure !== undefined) throw failure.error;
  return latencies;
}
