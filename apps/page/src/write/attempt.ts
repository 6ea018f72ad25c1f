// Which fields the person was told to fix, and what is still wrong with them.
import type { FieldProblem } from '@communique-tee/protocol';
import { batch, signal } from '@preact/signals';
import type { SummaryItem } from '../ui/error-summary';
import { fill, text } from '../text/text';
import { problemsByField, type FormProblem } from './field-problems';
import { FIELD_NAMES, FIELDS, idOf, OFFICE_CODES_ID, type FieldName, type Step, STEPS } from './fields';
import { offices, problems, problemsOf, topics, values } from './form';
import { labelOf, problemText } from './problem-text';

/** Fields that were wrong at the last attempt to continue, in the order of the form. */
const flagged = signal<readonly FieldName[]>([]);
/** Problems that the enclave found and this page's check did not. `content`: the field's content at that time. */
const reported = signal<readonly { readonly problem: FormProblem; readonly content: string }[]>([]);
/** Counts the failed attempts. Each one moves the focus to the summary. */
export const attempts = signal(0);

/** Returns whether the person can continue to the next step; if not, flags the invalid fields. */
export function attemptStep(step: Step): boolean {
  const found = problemsOf(step).flatMap(({ field }) => field ?? []);
  batch(() => {
    flagged.value = found;
    if (found.length > 0) attempts.value += 1;
  });
  return found.length === 0;
}

/** Flags the problems that an enclave has found. @returns the first step that shows one of them */
export function flagReported(found: readonly FieldProblem[]): Step {
  const known = problemsByField(found).filter(({ field }) => field !== undefined);
  batch(() => {
    reported.value = known.map((problem) => ({ problem, content: contentOf(problem.field) }));
    flagged.value = FIELD_NAMES.filter((name) => known.some(({ field }) => field === name));
    attempts.value += 1;
  });
  return STEPS.find((step) => flagged.value.some((name) => FIELDS[name].step === step)) ?? 'address';
}

/** Removes every flag. Called when the form is emptied. */
export function clearFlags(): void {
  batch(() => {
    flagged.value = [];
    reported.value = [];
  });
}

/** Returns what is wrong with a flagged field; undefined if it is fixed or was not flagged. */
export function errorOf(name: FieldName): string | undefined {
  if (!flagged.value.includes(name)) return undefined;
  const own = problems.value.find(({ field }) => field === name);
  const theirs = reported.value.find(({ problem, content }) => problem.field === name && content === contentOf(name));
  const problem = own ?? theirs?.problem;
  return problem === undefined ? undefined : problemText(problem);
}

/** Returns the items of a step's error summary; empty if no field was flagged. */
export function summaryOf(step: Step): readonly SummaryItem[] {
  return flagged.value
    .filter((name) => FIELDS[name].step === step)
    .map((name) => {
      const error = errorOf(name);
      const label = labelOf(name);
      return error === undefined
        ? { id: controlOf(name), text: fill(text.value.common.fixed, { name: label }), done: true }
        : { id: controlOf(name), text: `${label}: ${error}` };
    });
}

/** Returns a problem as a sentence with the label of its field. */
export function describeProblem(problem: FieldProblem): string {
  return problemsByField([problem])
    .map((found) => `${found.field === undefined ? '' : `${labelOf(found.field)}: `}${problemText(found)}`)
    .join('');
}

/** Returns the id of the control to which the summary's link leads. Offices have two controls; the link leads to the one that the person used. */
function controlOf(name: FieldName): string {
  return name === 'offices' && values.offices.value.trim() !== '' ? OFFICE_CODES_ID : idOf(name);
}

function contentOf(name: FieldName | undefined): string {
  if (name === undefined) return '';
  if (name === 'message/topics') return topics.value.join();
  return name === 'offices' ? offices.value.join() : values[name].value;
}
