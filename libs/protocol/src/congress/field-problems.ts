import type * as z from 'zod';
import type { FieldProblem } from '../problems';
import { describeProblem, ruleOf } from './field-rules';

/** The CBOR bytes of one problem in addition to its pointer, code and message. */
const PROBLEM_FRAME_BYTES = 32;
const MAX_PROBLEMS_BYTES = 6000;

/** Returns field and rule of a schema issue, never the value. */
export function toFieldProblem(issue: z.core.$ZodIssue, value: unknown): FieldProblem {
  const pointer = issue.path.map((part) => `/${String(part)}`).join('');
  const { rule, limit } = ruleOf(issue, valueAt(value, issue.path) === undefined);
  return { pointer, code: rule, message: `${pointer || 'The message'}: ${describeProblem(rule, pointer, limit)}` };
}

/**
 * Returns as many problems as fit into the smallest answer (8 KiB padded, docs/message.md) beside its offices. A larger answer would reveal
 * to the parent that there are many faults.
 */
export function fitting(problems: readonly FieldProblem[]): FieldProblem[] {
  let bytes = 0;
  return problems.filter(({ pointer, code, message }) => {
    bytes += pointer.length + code.length + message.length + PROBLEM_FRAME_BYTES;
    return bytes <= MAX_PROBLEMS_BYTES;
  });
}

export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let here = value;
  for (const part of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, part)) return undefined;
    here = (here as Record<PropertyKey, unknown>)[part];
  }
  return here;
}
