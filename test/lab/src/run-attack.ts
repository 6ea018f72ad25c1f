import type { Attack } from './attack';
import type { Expectation } from './parent';
import type { Lab } from './process-lab';

/**
 * `held`: every expectation was met. `broken`: at least one was not met. `failed`: the attack could not be carried out, so it shows nothing.
 */
export type Verdict = 'held' | 'broken' | 'failed';

export interface Outcome {
  readonly title: string;
  readonly verdict: Verdict;
  readonly expectations: readonly Expectation[];
  readonly error: unknown;
  readonly ms: number;
}

const LIMIT_MS = 120_000;

export async function runAttack(attack: Attack, open: (attack: Attack) => Promise<Lab>): Promise<Outcome> {
  const startedMs = performance.now();
  const expectations: Expectation[] = [];
  let error: unknown;
  try {
    const lab = await open(attack);
    try {
      await withinTime(attack.run(lab.parent));
      expectations.push({
        what: 'the enclave still runs',
        held: lab.parent.machine.isRunning(),
        found: lab.parent.machine.isRunning(),
        expected: true,
      });
    } finally {
      expectations.unshift(...lab.expectations);
      await lab.stop();
    }
    if (lab.expectations.length === 0) error = new Error('the attack expects nothing: call parent.expect');
  } catch (thrown) {
    error = thrown;
  }
  const isBroken = expectations.some(({ held }) => !held);
  const verdict = isBroken ? 'broken' : error === undefined ? 'held' : 'failed';
  return { title: attack.title, verdict, expectations, error, ms: performance.now() - startedMs };
}

async function withinTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${String(LIMIT_MS / 1000)} s`)), LIMIT_MS);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
