import { inspect } from 'node:util';
import type { Outcome } from './run-attack';

const MARKS = { held: 'held', broken: 'BROKEN', failed: 'FAILED' } as const;

export function describeOutcome({ title, verdict, expectations, error, ms }: Outcome, verbose: boolean): string {
  const lines = [`      ${MARKS[verdict]} (${(ms / 1000).toFixed(1)} s): ${title}`];
  for (const { what, held, found, expected } of expectations) {
    if (!held)
      lines.push(`        NOT: ${what}`, `          found    ${short(found)}`, `          expected ${short(expected)}`);
    else if (verbose) lines.push(`        held: ${what}`);
  }
  if (error !== undefined)
    lines.push(`        the attack ended: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return `${lines.join('\n')}\n`;
}

export function describeTotal(outcomes: readonly Outcome[], attacks: number): string {
  const count = (verdict: Outcome['verdict']) =>
    String(outcomes.filter((outcome) => outcome.verdict === verdict).length);
  const skipped = String(attacks - outcomes.length);
  return `\n${count('held')} held, ${count('broken')} broken, ${count('failed')} could not be carried out, ${skipped} skipped\n`;
}

function short(value: unknown): string {
  return inspect(value, { breakLength: Infinity, maxArrayLength: 10, maxStringLength: 200 });
}
