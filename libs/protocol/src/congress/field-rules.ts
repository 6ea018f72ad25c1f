import type * as z from 'zod';
import { BILL_TYPES } from './cwc-vocabulary';

/** The `code` of a field problem names the rule that the field breaks. Problems of offices have further codes (office-refusal.ts). */
export const FIELD_RULES = [
  'required',
  'too_short',
  'too_long',
  'invalid_characters',
  'invisible_characters',
  'repeated',
  'unknown_field',
  'invalid',
] as const;
export type FieldRule = (typeof FIELD_RULES)[number];

const EMAIL_FORM = 'must be an email address, such as name@example.org';
const PHONE_FORM = 'must be ten digits with two hyphens and no country code, such as 202-555-0100';

/** What to write in each field that has a fixed form. The key is a JSON pointer, with `*` for the index of a list item. */
export const FIELD_FORMS: Readonly<Record<string, string>> = {
  '/deliverySecret': 'must be 32 bytes',
  '/offices/*': "must be an office's code, such as HCA12 (House) or SCA01 (Senate)",
  '/constituent/state': 'must be the two capital letters of a state, district or territory, such as CA',
  '/constituent/zip': 'must be five digits, or five, a hyphen and four, such as 94601 or 94601-1234',
  '/constituent/email': EMAIL_FORM,
  '/constituent/phone': PHONE_FORM,
  '/organization': 'must be an object with name and, if you want, about and contact',
  '/organization/contact': 'must be an object with name, email or phone',
  '/organization/contact/email': EMAIL_FORM,
  '/organization/contact/phone': PHONE_FORM,
  '/message/topics/*': "must be one of Congress's topics exactly as it is written in the list, such as Health",
  '/message/bills/*/congress': 'must be the number of a Congress, such as 119',
  '/message/bills/*/type': `must be one of ${BILL_TYPES.join(', ')}`,
  '/message/bills/*/number': 'must be a whole number from 1 to 99999, such as 1',
  '/message/stance': 'must be pro or con',
  '/message/moreInfo':
    'must be an http or https address of a named host, such as https://example.org/page; write other characters percent-encoded, such as [ as %5B and | as %7C',
  '/responseRequested': 'must be true or false',
  '/newsletterOptIn': 'must be true or false',
  '/proof': 'must be null, or an object with district, delivery, blinding and campaign',
  '/proof/district': 'must be Congress, state and seat, such as 120-MT-01',
  '/proof/delivery': 'must be a field element of 32 bytes',
  '/proof/blinding': 'must be a field element of 32 bytes',
  '/proof/campaign': "must be the registrar's signed note about the campaign, of at most 400 bytes",
  '/version': 'must be 1',
};

/** Returns a sentence without its subject, the field. It contains no part of the value. */
export function describeProblem(rule: FieldRule, pointer: string, limit: number | undefined): string {
  switch (rule) {
    case 'required':
      return withForm('is required and missing', pointer);
    case 'too_short':
      return limit === undefined
        ? (FIELD_FORMS[listed(pointer)] ?? 'is too short')
        : `must have at least ${amount(limit, pointer)}; spaces at the ends and characters that cannot be seen do not count`;
    case 'too_long':
      return limit === undefined
        ? (FIELD_FORMS[listed(pointer)] ?? 'is too long')
        : `must have at most ${amount(limit, pointer)}`;
    case 'invalid_characters':
      return 'has characters that cannot be sent to Congress (control characters, or an incomplete character); remove them';
    case 'invisible_characters':
      return 'has a character that cannot be seen, such as a zero-width space; type it again instead of pasting it';
    case 'repeated':
      return 'names the same office twice';
    case 'unknown_field':
      return 'has a field that is not known; the fields are listed in docs/message.md';
    case 'invalid':
      return FIELD_FORMS[listed(pointer)] ?? 'must be text';
  }
}

/** Returns the rule that caused an issue of the schema, and the rule's limit if it has one. */
export function ruleOf(issue: z.core.$ZodIssue, isMissing: boolean): { rule: FieldRule; limit?: number } {
  if (issue.code === 'too_small' || issue.code === 'too_big') {
    const [rule, limit] =
      issue.code === 'too_small' ? (['too_short', issue.minimum] as const) : (['too_long', issue.maximum] as const);
    // A number gets no limit, so that `describeProblem` returns the field's form
    return issue.origin === 'array' || issue.origin === 'string' ? { rule, limit: Number(limit) } : { rule };
  }
  if (issue.code === 'unrecognized_keys') return { rule: 'unknown_field' };
  const params: Record<string, unknown> = issue.code === 'custom' ? (issue.params ?? {}) : {};
  const rule = FIELD_RULES.find((each) => each === params['rule']);
  if (rule === undefined) return { rule: isMissing ? 'required' : 'invalid' };
  const limit = params['minimum'] ?? params['maximum'];
  return { rule, ...(typeof limit === 'number' && { limit }) };
}

function withForm(text: string, pointer: string): string {
  const form = FIELD_FORMS[listed(pointer)];
  return form === undefined ? text : `${text}; it ${form}`;
}

function amount(limit: number, pointer: string): string {
  const isList = ['/offices', '/message/topics', '/message/bills'].includes(pointer);
  const noun = isList ? 'entr' : 'character';
  const plural = isList ? (limit === 1 ? 'y' : 'ies') : limit === 1 ? '' : 's';
  return `${limit.toLocaleString('en-US')} ${noun}${plural}`;
}

function listed(pointer: string): string {
  return pointer.replace(/\/[0-9]+(?=\/|$)/g, '/*');
}
