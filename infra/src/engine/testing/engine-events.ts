import { existsSync, readFileSync } from 'node:fs';
import * as z from 'zod';

export interface Step {
  /** `create`, `update`, `replace`, `create-replacement`, `delete-replaced`, `delete`, `same`, `refresh`, `import`, … */
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** The inputs that changed. */
  readonly changed: readonly string[];
  /** The inputs among `changed` that replace the resource. */
  readonly replacing: readonly string[];
}

const metadata = z.object({
  op: z.string(),
  urn: z.string(),
  type: z.string(),
  diffs: z.array(z.string()).nullish(),
  keys: z.array(z.string()).nullish(),
});
const event = z.object({
  resourcePreEvent: z.object({ metadata, planning: z.boolean().optional() }).optional(),
});

/** Reads a file that `--event-log` wrote. @param planned whether to return the steps of a preview, and not those that the engine made */
export function stepsOf(file: string, planned: boolean): Step[] {
  if (!existsSync(file)) return [];
  const steps: Step[] = [];
  // Skip the text after the last line end: it is empty, or part of a line that a killed CLI was writing.
  for (const line of readFileSync(file, 'utf8').split('\n').slice(0, -1)) {
    const { resourcePreEvent: begun } = event.parse(JSON.parse(line));
    if (begun === undefined || (begun.planning ?? false) !== planned) continue;
    const { op, urn, type, diffs, keys } = begun.metadata;
    steps.push({
      op,
      urn,
      type,
      name: urn.split('::').slice(3).join('::'),
      changed: diffs ?? [],
      replacing: keys ?? [],
    });
  }
  return steps;
}

/** Returns the steps that change something, as sorted texts `<op> <name> <changed inputs>`. */
export const changesOf = (steps: readonly Step[]): string[] =>
  steps
    .filter(({ op }) => op !== 'same' && op !== 'refresh' && op !== 'read')
    .map(({ op, name, changed }) => `${op} ${name} ${changed.join()}`.trim())
    .sort();
