import { outcomesSchema, PRESETS, type OutcomesInput } from '@communique-tee/congress-simulator';
import { UsageError } from '@communique-tee/command-line';
import { expireWaiting, type System } from '@communique-tee/test-system';
import { readFileSync } from 'node:fs';

/** With `expired`, the demo ends waiting messages after this time. Real messages wait for days. */
export const EXPIRE_AFTER_SECONDS = 20;
const EXPIRE_EVERY_MS = 2000;

/** What Congress answers to the messages of the page: a preset of the simulator, a file, or no answer until the message expires. */
export type DemoOutcomes =
  | { readonly kind: 'preset'; readonly name: string }
  | { readonly kind: 'set'; readonly outcomes: OutcomesInput }
  | { readonly kind: 'expired' };

/** The names that `--outcomes` takes, each with a description of what the sender sees. */
export const OUTCOME_NAMES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(PRESETS).map(([name, { description }]) => [name, description])),
  expired: `Every office stays closed, and a message expires after ${String(EXPIRE_AFTER_SECONDS)} seconds.`,
};

/** Reads a name, or a file with a set of outcomes (test/congress/README.md). @throws UsageError for anything else */
export function readOutcomes(given: string): DemoOutcomes {
  if (given === 'expired') return { kind: 'expired' };
  if (Object.hasOwn(PRESETS, given)) return { kind: 'preset', name: given };
  let text: string;
  try {
    text = readFileSync(given, 'utf8');
  } catch {
    throw new UsageError(
      `--outcomes: “${given}” is neither a readable file nor one of ${Object.keys(OUTCOME_NAMES).join(', ')}`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError(`--outcomes: ${given} is not JSON; test/congress/README.md shows what it may say`);
  }
  const parsed = outcomesSchema.safeParse(value);
  if (parsed.success) return { kind: 'set', outcomes: parsed.data };
  const [issue] = parsed.error.issues;
  throw new UsageError(
    `--outcomes: ${given}, at “${issue?.path.map(String).join('.') ?? ''}”: ${issue?.message ?? 'not a set of outcomes'}; test/congress/README.md shows what it may say`,
  );
}

/** Sets the outcomes in the running simulator. @returns a function that stops the timer for `expired` */
export async function applyOutcomes(system: System, chosen: DemoOutcomes): Promise<() => void> {
  const { controlUrl } = system.congress;
  const response = await (chosen.kind === 'set'
    ? fetch(`${controlUrl}/outcomes`, { method: 'PUT', body: JSON.stringify(chosen.outcomes) })
    : fetch(`${controlUrl}/presets/${chosen.kind === 'expired' ? 'maintenance' : chosen.name}`, { method: 'POST' }));
  if (!response.ok) throw new Error(`the Congress simulator refused the outcomes: ${await response.text()}`);
  if (chosen.kind !== 'expired') return () => undefined;
  const timer = setInterval(() => {
    // The timer tries again
    expireWaiting(system.databaseUrl, EXPIRE_AFTER_SECONDS).catch(() => undefined);
  }, EXPIRE_EVERY_MS);
  return () => {
    clearInterval(timer);
  };
}
