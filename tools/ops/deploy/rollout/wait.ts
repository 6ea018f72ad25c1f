import type { Deployment } from '../deployment';

const EVERY_MS = 10_000;
/** Prints a line at least this often, so that a person sees progress. */
const LINE_EVERY_MS = 60_000;

/**
 * Checks every ten seconds, and prints what has changed.
 * @param look returns the result that is waited for, or a text about its progress
 * @param onInterruption what to tell the operator who interrupts; one line each
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
