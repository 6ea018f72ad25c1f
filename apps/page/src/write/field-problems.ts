import type { FieldProblem } from '@communique-tee/protocol';
import { FIELD_NAMES, type FieldName } from './fields';

/** A problem with a field; without `field`, with the message as a whole. */
export interface FormProblem {
  readonly field: FieldName | undefined;
  /** The rule that is broken: the key of its text in the catalogue. */
  readonly code: string;
  /** The library's English sentence, for a code that the catalogue does not know. */
  readonly message: string;
}

/** Returns at most one problem for each field, and every problem that belongs to no field. */
export function problemsByField(problems: readonly FieldProblem[]): readonly FormProblem[] {
  const found = problems.map(({ pointer, code, message }) => ({ field: fieldAt(pointer), code, message }));
  return found.filter(({ field }, at) => field === undefined || found.findIndex((each) => each.field === field) === at);
}

/** Returns the field that contains a JSON pointer of the message; undefined if the form has no such field. */
function fieldAt(pointer: string): FieldName | undefined {
  return FIELD_NAMES.find((name) => pointer === `/${name}` || pointer.startsWith(`/${name}/`));
}
