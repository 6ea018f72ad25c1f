import { fail, skip, Unavailable, type Check, type Context, type Finding } from '../check';
import { nameOf } from '../error-code';
import type { Facts } from './facts';
import { TimeLimitError, within } from './time-limit';

export interface Outcome {
  readonly check: Check;
  /** At least one finding. */
  readonly findings: readonly Finding[];
  readonly tookMs: number;
}

export interface RunOptions {
  readonly checks: readonly Check[];
  readonly facts: Facts;
  readonly context: Omit<Context, 'signal' | 'plan' | 'account' | 'aws'>;
  readonly offline: boolean;
  readonly limitMs: number;
  /** How many checks run at once. */
  readonly concurrency: number;
  onStart(check: Check): void;
  onEnd(outcome: Outcome): void;
}

/** Runs all checks; none can stop another. @returns the outcomes in the order of `checks` */
export async function runChecks(options: RunOptions): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < options.checks.length; at = next++) {
      const check = options.checks[at];
      if (check === undefined) return;
      options.onStart(check);
      const startedMs = options.context.ports.nowMs();
      const findings = await findingsOf(check, options);
      const outcome = { check, findings, tookMs: options.context.ports.nowMs() - startedMs };
      outcomes[at] = outcome;
      options.onEnd(outcome);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  return outcomes;
}

async function findingsOf(
  check: Check,
  { checks, facts, context, offline, limitMs }: RunOptions,
): Promise<readonly Finding[]> {
  if (offline && check.network) return [skip('not asked (--offline)')];
  try {
    // Each shared fact has its own time limit, so the check's time starts after them.
    for (const need of check.needs ?? []) await facts[need]();
    const found = await within(limitMs, context.ports.startTimer, (signal) =>
      check.run({
        ...context,
        signal,
        plan: () => facts.plan(),
        account: () => facts.account(),
        aws: () => facts.aws(),
      }),
    );
    const findings = 'status' in found ? [found] : found;
    return findings.length > 0 ? findings : [skip('nothing to look at')];
  } catch (error) {
    if (error instanceof Unavailable) return [unavailable(error, checks, context.stack)];
    if (error instanceof TimeLimitError)
      return [
        fail(
          error.message,
          `--timeout <seconds> waits longer, --skip ${check.name} leaves it out; if it stays, look whether it is reachable from here`,
        ),
      ];
    return [
      fail(
        `the check itself went wrong (${nameOf(error)})`,
        'this is a fault of preflight: report it, and look by hand',
      ),
    ];
  }
}

/**
 * Skips the check. But if another check would explain the reason and is not among those that run, the check fails, so that the exit code is
 * not 0.
 */
function unavailable({ message, explainedBy }: Unavailable, checks: readonly Check[], stack: string): Finding {
  return explainedBy === undefined || checks.some(({ name }) => name === explainedBy)
    ? skip(message)
    : fail(
        `${message}; not checked`,
        'this tells why',
        `npm run ops -- preflight --stack ${stack} --only ${explainedBy}`,
      );
}
