// What was typed, kept in this tab only while the person signs in or looks at another page of this site.
import { STATES, officesOf } from '@communique-tee/protocol';
import { FIELD_NAMES, type FieldName, type Step, STEPS } from './fields';
import { fillForm, type FormContent, formContent, hasContent, isTopic } from './form';
import { step } from './steps';

const KEY = 'communique-tee draft';
/** UTF-16 units. A full form has about 16,000; JSON escapes may take more. */
const MAX_LENGTH = 128 * 1024;

/**
 * Stores what was entered in sessionStorage, until the page starts again and calls `restoreDraft`. Call this right before the person leaves
 * the page: the page does not warn if a draft has everything.
 * @returns false if the browser did not store the draft
 */
export function saveDraft(): boolean {
  try {
    const draft = JSON.stringify({ step: step.value, ...formContent() });
    if (draft.length > MAX_LENGTH) return false;
    sessionStorage.setItem(KEY, draft);
    return true;
  } catch {
    return false;
  }
}

/** Puts a kept draft into the form, and removes it from the browser. @returns the step it was saved at; null without a draft */
export function restoreDraft(): Step | null {
  let kept: string | null;
  try {
    kept = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
  } catch {
    return null;
  }
  const draft = kept === null ? null : readDraft(kept);
  if (draft === null) return null;
  fillForm(draft);
  return draft.step;
}

export function dropDraft(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // The browser stored no data
  }
}

/** Whether leaving now would lose something that was entered, because no draft holds all of it. */
export function closingLosesContent(): boolean {
  if (!hasContent()) return false;
  try {
    const kept = sessionStorage.getItem(KEY);
    const draft = kept === null ? null : readDraft(kept);
    if (draft === null) return true;
    const { values, topics, seats } = draft;
    return JSON.stringify({ values, topics, seats }) !== JSON.stringify(formContent());
  } catch {
    return true;
  }
}

/** Reads a draft that saveDraft has written; returns null for anything else. */
export function readDraft(text: string): (FormContent & { readonly step: Step }) | null {
  if (text.length > MAX_LENGTH) return null;
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(given) || Object.keys(given).sort().join() !== 'seats,step,topics,values') return null;
  const { step: at, values, topics, seats } = given;
  const known = STEPS.find((each) => each === at);
  if (known === undefined || !isRecord(values) || !Array.isArray(topics) || !Array.isArray(seats)) return null;
  const entries = Object.entries(values);
  if (!entries.every((entry): entry is [FieldName, string] => isField(entry[0]) && typeof entry[1] === 'string'))
    return null;
  if (!topics.every(isTopic) || !seats.every(isOffice)) return null;
  return {
    step: known,
    values: Object.fromEntries(entries),
    topics: [...new Set(topics)],
    seats: [...new Set(seats)],
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isField(name: string): name is FieldName {
  return FIELD_NAMES.some((each) => each === name);
}

function isOffice(value: unknown): value is string {
  return STATES.some((state) => officesOf(state).some((office) => office === value));
}
