import type { Deployment } from '../deployment';

const EVERY_MS = 10_000;
/** Prints a line at least this often. */
const LINE_EVERY_MS = 60_000;

/**
 * Calls `look` every ten seconds, and prints its progress when that changes.
 * @param look returns the result, or a text about the progress so far
 * @param onInterruption the lines to print if the operator interrupts
 * @returns undefined if the time limit passed first
 * @throws Interrupted, and what `look` throws
 */
export async function waitFor<T>(
  deployment: Deployment,
  limitMs: number,
  look: () => Promise<{ readonly found: T } | { readonly so: string }>,
  onInterruption: readonly string[],
): Promise<T | undefined> {
  const { ports } = deployment;
  const startedMs = ports.looking.nowMs();
  let said = '';
  let saidMs = -Infinity;
  for (;;) {
    const seen = await look();
    if ('found' in seen) return seen.found;
    const nowMs = ports.looking.nowMs();
    if (seen.so !== said || nowMs - saidMs >= LINE_EVERY_MS) {
      deployment.say(`${minutes(nowMs - startedMs)}  ${seen.so}`);
      [said, saidMs] = [seen.so, nowMs];
    }
    if (nowMs - startedMs >= limitMs) return undefined;
    await ports.sleep(EVERY_MS);
    deployment.heed(onInterruption);
  }
}

const minutes = (ms: number): string => {
  const seconds = Math.floor(ms / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(3)}:${String(seconds % 60).padStart(2, '0')}`;
};
