import { BILL_TYPES, CHAMBERS, CHAMBER_KEYS, STATES, TOPICS } from '@communique-tee/protocol';

export type FieldKind = 'text' | 'email' | 'tel' | 'url' | 'state' | 'body' | 'bills' | 'topics' | 'choice';

/** A field of the form. Its name is its JSON pointer in the message without the first slash, so that what the check says of a pointer finds its field. */
export interface Field {
  readonly name: string;
  readonly label: string;
  readonly kind: FieldKind;
  readonly required?: true;
  readonly hint?: string;
  readonly autocomplete?: string;
  /** Of twelve columns: 2, 3, 5, 6; all twelve unless given. */
  readonly width?: 'tiny' | 'short' | 'name' | 'half';
  /** Of a choice: value and label. */
  readonly options?: readonly (readonly [value: string, label: string])[];
}

export interface Group {
  readonly title: string;
  /** Behind a disclosure: nothing in it is required. */
  readonly optional?: true;
  readonly fields: readonly Field[];
}

const YES_NO = [
  ['', 'Not said'],
  ['yes', 'Yes'],
  ['no', 'No'],
] as const;

/** Everything that Congress takes (docs/message.md). Nothing has a value before the person gives one. */
export const GROUPS: readonly Group[] = [
  {
    title: 'To',
    fields: [
      {
        name: 'offices',
        label: 'Offices',
        kind: 'text',
        required: true,
        hint: `One to four codes, all of your state. ${CHAMBER_KEYS.map((chamber) => `${CHAMBERS[chamber].name}: ${CHAMBERS[chamber].officeForm}.`).join(' ')}`,
      },
      {
        name: 'campaignId',
        label: 'Campaign',
        kind: 'text',
        required: true,
        width: 'half',
        hint: 'The id of the campaign. The site that sent you here gives it.',
      },
    ],
  },
  {
    title: 'From',
    fields: [
      {
        name: 'constituent/prefix',
        label: 'Prefix',
        kind: 'text',
        required: true,
        hint: 'Ms., Mr., Mx., …',
        autocomplete: 'honorific-prefix',
        width: 'tiny',
      },
      {
        name: 'constituent/firstName',
        label: 'First name',
        kind: 'text',
        required: true,
        autocomplete: 'given-name',
        width: 'name',
      },
      {
        name: 'constituent/lastName',
        label: 'Last name',
        kind: 'text',
        required: true,
        autocomplete: 'family-name',
        width: 'name',
      },
      {
        name: 'constituent/address1',
        label: 'Street and number',
        kind: 'text',
        required: true,
        autocomplete: 'address-line1',
      },
      {
        name: 'constituent/city',
        label: 'City',
        kind: 'text',
        required: true,
        autocomplete: 'address-level2',
        width: 'half',
      },
      {
        name: 'constituent/state',
        label: 'State',
        kind: 'state',
        required: true,
        autocomplete: 'address-level1',
        width: 'short',
      },
      {
        name: 'constituent/zip',
        label: 'ZIP code',
        kind: 'text',
        required: true,
        hint: '94601 or 94601-1234',
        autocomplete: 'postal-code',
        width: 'short',
      },
      {
        name: 'constituent/email',
        label: 'Email',
        kind: 'email',
        required: true,
        autocomplete: 'email',
        width: 'half',
      },
    ],
  },
  {
    title: 'Message',
    fields: [
      { name: 'message/subject', label: 'Subject', kind: 'text', required: true, hint: '6 to 500 characters' },
      { name: 'message/body', label: 'Your words', kind: 'body', required: true, hint: '6 to 10,000 characters' },
      {
        name: 'message/topics',
        label: 'Topics',
        kind: 'topics',
        required: true,
        hint: 'One or more. Congress sorts by them.',
      },
    ],
  },
  {
    title: 'More, if you want',
    optional: true,
    fields: [
      {
        name: 'constituent/middleName',
        label: 'Middle name',
        kind: 'text',
        autocomplete: 'additional-name',
        width: 'half',
      },
      { name: 'constituent/suffix', label: 'Suffix', kind: 'text', autocomplete: 'honorific-suffix', width: 'short' },
      { name: 'constituent/title', label: 'Title', kind: 'text', width: 'half' },
      {
        name: 'constituent/organization',
        label: 'Organization',
        kind: 'text',
        autocomplete: 'organization',
        width: 'half',
      },
      {
        name: 'constituent/address2',
        label: 'Address, second line',
        kind: 'text',
        autocomplete: 'address-line2',
        width: 'half',
      },
      {
        name: 'constituent/address3',
        label: 'Address, third line',
        kind: 'text',
        autocomplete: 'address-line3',
        width: 'half',
      },
      {
        name: 'constituent/phone',
        label: 'Phone',
        kind: 'tel',
        hint: '202-555-0100',
        autocomplete: 'tel-national',
        width: 'half',
      },
      { name: 'message/moreInfo', label: 'Web address with more', kind: 'url', width: 'half' },
      {
        name: 'message/bills',
        label: 'Bills',
        kind: 'bills',
        hint: `One a line: congress, type, number, as 119 hr 1. Types: ${BILL_TYPES.join(', ')}.`,
      },
      {
        name: 'message/stance',
        label: 'Your stance',
        kind: 'choice',
        options: [
          ['', 'Not said'],
          ['pro', 'For'],
          ['con', 'Against'],
        ],
      },
      { name: 'responseRequested', label: 'Do you want an answer?', kind: 'choice', options: YES_NO },
      { name: 'newsletterOptIn', label: 'Do you want the office’s newsletter?', kind: 'choice', options: YES_NO },
    ],
  },
];

export const FIELDS: readonly Field[] = GROUPS.flatMap(({ fields }) => fields);
export { STATES, TOPICS };
