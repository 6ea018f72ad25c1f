import type { Counterexample } from './run-model';

/** Returns a counterexample as text for people: the numbered actions, then the statement that does not hold. */
export function describeCounterexample({ breaks, actions }: Counterexample): string {
  const width = String(actions.length).length;
  const numbered = actions.map((action, at) => `    ${String(at + 1).padStart(width)}. ${action}`);
  return `${numbered.join('\n')}\n    ${' '.repeat(width)}  => ${breaks}\n`;
}
