import type { FieldProblem } from '@communique-tee/protocol';
import { type Field, FIELDS } from './fields';

export interface ShownProblem {
  readonly field: Field;
  readonly text: string;
}

const WORDS: Readonly<Record<string, string>> = {
  required: 'missing.',
  too_short: 'too short.',
  too_long: 'too long.',
  invalid_characters: 'has characters that cannot be sent.',
  repeated: 'one is named twice.',
};
const OTHERWISE = 'Congress does not take it in this form.';

/** One line for each field that something is wrong with, in the order of the form, and what belongs to no field. */
export function problemsByField(problems: readonly FieldProblem[]): {
  readonly shown: readonly ShownProblem[];
  readonly rest: readonly string[];
} {
  const shown: ShownProblem[] = [];
  for (const field of FIELDS) {
    const found = problems.find(({ pointer }) => isOf(pointer, field));
    if (found !== undefined) shown.push({ field, text: `${field.label}: ${WORDS[found.code] ?? OTHERWISE}` });
  }
  const rest = problems
    .filter(({ pointer }) => !FIELDS.some((field) => isOf(pointer, field)))
    .map(({ message }) => message);
  return { shown, rest };
}

function isOf(pointer: string, { name }: Field): boolean {
  return pointer === `/${name}` || pointer.startsWith(`/${name}/`);
}
