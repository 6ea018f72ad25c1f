import type { FieldProblem } from '@communique-tee/protocol';
import { type Field, FIELDS } from './fields';

export interface ShownProblem {
  readonly field: Field;
  readonly text: string;
}

/** One line for each field that something is wrong with, in the order of the form, and what belongs to no field. */
export function problemsByField(problems: readonly FieldProblem[]): {
  readonly shown: readonly ShownProblem[];
  readonly rest: readonly string[];
} {
  const shown: ShownProblem[] = [];
  for (const field of FIELDS) {
    const found = problems.find(({ pointer }) => isOf(pointer, field));
    if (found !== undefined) shown.push({ field, text: `${field.label}: ${sentence(found)}` });
  }
  const rest = problems
    .filter(({ pointer }) => !FIELDS.some((field) => isOf(pointer, field)))
    .map(({ message }) => message);
  return { shown, rest };
}

/** What is wrong, without the pointer, for which the page shows the field's label. */
function sentence({ code, pointer, message }: FieldProblem): string {
  if (code === 'required') return 'missing.';
  const office = /^\/offices\/(\d+)$/.exec(pointer)?.[1];
  return `${office === undefined ? '' : `number ${String(Number(office) + 1)} `}${message.slice(`${pointer}: `.length)}.`;
}

function isOf(pointer: string, { name }: Field): boolean {
  return pointer === `/${name}` || pointer.startsWith(`/${name}/`);
}
