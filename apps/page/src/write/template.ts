// Starting a message from a campaign's text. The person may change every word.
import type { Template } from '@communique-tee/protocol';
import { batch, signal } from '@preact/signals';
import { choose } from '../templates/published';
import type { FieldName } from './fields';
import { filledIn, topics, values, type Words } from './form';

const FILLED = ['message/subject', 'message/body', 'message/stance', 'message/bills'] as const satisfies FieldName[];

/** The person's own words that a template has replaced. `putBack` restores them. */
export const replaced = signal<Words | undefined>(undefined);

/** Fills in the template, if the person has written nothing. */
export function startFrom(template: Template): void {
  batch(() => {
    filledIn.value = wordsOf(template);
    if (isEmpty(currentWords())) putIn(filledIn.value);
  });
}

/** Replaces the words in the form with another template. Keeps them in `replaced` if they are the person's own. */
export function replaceBy(template: Template, before: Template | undefined): void {
  const words = currentWords();
  const isOwn = !isEmpty(words) && (before === undefined || !isEqual(words, wordsOf(before)));
  batch(() => {
    replaced.value = isOwn ? words : undefined;
    filledIn.value = wordsOf(template);
    putIn(filledIn.value);
    choose(template.slug);
  });
}

export function putBack(): void {
  if (replaced.value === undefined) return;
  putIn(replaced.value);
  replaced.value = undefined;
}

/** Call it before the person starts another message, which then has no template. */
export function leaveTemplate(): void {
  batch(() => {
    replaced.value = undefined;
    filledIn.value = undefined;
    choose(undefined);
  });
}

function wordsOf({ subject, body, stance, bills, topics: given }: Template): Words {
  return {
    fields: {
      'message/subject': subject,
      'message/body': body,
      'message/stance': stance ?? '',
      'message/bills': bills
        .map(({ congress, type, number }) => `${String(congress)} ${type} ${String(number)}`)
        .join('\n'),
    },
    topics: given,
  };
}

function currentWords(): Words {
  return {
    fields: Object.fromEntries(FILLED.map((name) => [name, values[name].peek()])),
    topics: topics.peek(),
  };
}

function putIn({ fields, topics: given }: Words): void {
  batch(() => {
    for (const name of FILLED) values[name].value = fields[name] ?? '';
    topics.value = given;
  });
}

function isEmpty({ fields, topics: given }: Words): boolean {
  return given.length === 0 && Object.values(fields).every((text) => text.trim() === '');
}

function isEqual(a: Words, b: Words): boolean {
  return FILLED.every((name) => a.fields[name] === b.fields[name]) && a.topics.join() === b.topics.join();
}
