import type { Counterexample } from './run-model';

/** A counterexample for people: numbered actions, then what does not hold. */
export function describeCounterexample({ breaks, actions }: Counterexample): string {
  const width = String(actions.length).length;
  const numbered = actions.map((action, at) => `    ${String(at + 1).padStart(width)}. ${action}`);
  return `${numbered.join('\n')}\n    ${' '.repeat(width)}  => ${breaks}\n`;
}
