import { LIMITS } from '@communique-tee/protocol';
import { fill, text } from '../text/text';
import type { FormProblem } from './field-problems';
import { FIELDS, keyOf, MAX_BILLS, type FieldName } from './fields';

/** Returns the label of a field, in the reader's language. */
export function labelOf(field: FieldName): string {
  return text.value.write.fields[keyOf(field)];
}

/**
 * Returns what to do about a problem, in the reader's language. If the catalogue lacks the code, returns the library's English sentence.
 */
export function problemText({ field, code, message }: FormProblem): string {
  const { missing, forms, problems } = text.value.write;
  const special: Readonly<Record<string, string | undefined>> =
    code === 'required' ? missing : code === 'invalid' ? forms : {};
  const own = field === undefined ? undefined : special[keyOf(field)];
  if (own !== undefined) return own;
  if (code === 'too_long' && field === 'offices') return fill(problems.too_many_offices, { count: LIMITS.maxOffices });
  if (code === 'too_long' && field === 'message/bills') return fill(problems.too_many_bills, { count: MAX_BILLS });
  const { min, max } = field === undefined ? {} : FIELDS[field];
  const count = code === 'too_short' ? min : max;
  const known = Object.hasOwn(problems, code) ? problems[code as keyof typeof problems] : undefined;
  // If the page does not know the field's limit, it shows the library's sentence, which contains the limit
  return known === undefined || (typeof known !== 'string' && count === undefined)
    ? message
    : fill(known, count === undefined ? {} : { count });
}
