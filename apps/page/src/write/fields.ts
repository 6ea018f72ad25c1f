import { BILL_TYPES, STATES, TOPICS } from '@communique-tee/protocol';

export type FieldKind = 'text' | 'email' | 'tel' | 'url' | 'state' | 'body' | 'bills' | 'topics' | 'choice' | 'offices';
export type Step = 'address' | 'message' | 'review';
export const STEPS: readonly Step[] = ['address', 'message', 'review'];
export type Topic = (typeof TOPICS)[number];

interface FieldFacts {
  readonly step: Step;
  readonly kind: FieldKind;
  readonly required?: true;
  /** The token of HTML's autofill. */
  readonly autocomplete?: string;
  /** Limits of the length in UTF-16 units. A spec compares both with the check of the whole message. */
  readonly min?: number;
  readonly max?: number;
}

const text = (step: Step, autocomplete?: string, min = 1) =>
  ({ step, kind: 'text', min, max: 500, ...(autocomplete !== undefined && { autocomplete }) }) as const;
const required = { required: true } as const;

/**
 * Everything that Congress takes from a person (docs/message.md), in the order of the form. A field's name is its JSON pointer in the
 * message, without the first slash. Only the page has `district`, the House's part of `offices`. The catalogue has labels, hints and
 * texts of problems under the last part of the name.
 */
const ALL = {
  'constituent/prefix': { ...text('address', 'honorific-prefix'), ...required },
  'constituent/firstName': { ...text('address', 'given-name'), ...required },
  'constituent/lastName': { ...text('address', 'family-name'), ...required },
  'constituent/email': { step: 'address', kind: 'email', autocomplete: 'email', max: 254, ...required },
  'constituent/address1': { ...text('address', 'address-line1', 3), ...required },
  'constituent/city': { ...text('address', 'address-level2', 3), ...required },
  'constituent/state': { step: 'address', kind: 'state', autocomplete: 'address-level1', ...required },
  'constituent/zip': { step: 'address', kind: 'text', autocomplete: 'postal-code', ...required },
  'constituent/middleName': text('address', 'additional-name'),
  'constituent/suffix': text('address', 'honorific-suffix'),
  'constituent/title': text('address'),
  'constituent/organization': text('address', 'organization', 3),
  'constituent/address2': text('address', 'address-line2', 3),
  'constituent/address3': text('address', 'address-line3', 3),
  'constituent/phone': { step: 'address', kind: 'tel', autocomplete: 'tel-national' },
  district: { step: 'address', kind: 'offices', ...required },
  offices: { step: 'address', kind: 'offices', ...required },
  'message/topics': { step: 'message', kind: 'topics', ...required },
  'message/stance': { step: 'message', kind: 'choice' },
  'message/subject': { ...text('message', undefined, 6), ...required },
  'message/body': { step: 'message', kind: 'body', min: 6, max: 10_000, ...required },
  'message/bills': { step: 'message', kind: 'bills' },
  'message/moreInfo': { step: 'message', kind: 'url' },
  responseRequested: { step: 'message', kind: 'choice' },
  newsletterOptIn: { step: 'message', kind: 'choice' },
  campaignId: { ...text('review', undefined, 2), ...required },
} as const satisfies Record<string, FieldFacts>;

/** How many bills one message may name. A spec compares this number with the check of the whole message. */
export const MAX_BILLS = 20;

export type FieldName = keyof typeof ALL;
type LastPart<Name extends string> = Name extends `${string}/${infer Last}` ? Last : Name;
/** The field's key in the catalogue: `firstName` for `constituent/firstName`. */
export type FieldKey = LastPart<FieldName>;

export const FIELDS: Readonly<Record<FieldName, FieldFacts>> = ALL;
export const FIELD_NAMES = Object.keys(ALL) as readonly FieldName[];

export function keyOf(name: FieldName): FieldKey {
  return name.slice(name.indexOf('/') + 1) as FieldKey;
}

/** Returns the id of the field's control, to which a link of the error summary leads. */
export function idOf(name: FieldName): string {
  return `field-${name.replaceAll('/', '-')}`;
}

/** The id of the text field for office codes. `idOf('offices')` is the id of the first seat to choose by name. */
export const OFFICE_CODES_ID = 'field-office-codes';

export { BILL_TYPES, STATES, TOPICS };
