import { toWebAddress } from '@communique-tee/protocol';
import { FIELD_NAMES, type FieldName, type Topic } from './fields';

/** What the person has entered. A field that is left out is empty. */
export interface Entered {
  readonly values: Readonly<Partial<Record<FieldName, string>>>;
  readonly topics: readonly Topic[];
  readonly offices: readonly string[];
}

/**
 * Returns what was entered, in the shape of a message, without empty fields. Does not check the values: validateCongressMessage does that.
 */
export function readForm({ values, topics, offices }: Entered): Record<string, unknown> {
  const text = (name: FieldName): string | undefined => {
    const given = values[name] ?? '';
    // Only the body keeps the spaces around it
    const value = name === 'message/body' ? given.replaceAll('\r\n', '\n') : given.trim();
    return value === '' ? undefined : value;
  };
  const constituent = FIELD_NAMES.filter((name) => name.startsWith('constituent/')).map(
    (name) => [name.slice('constituent/'.length), inForm(name, text(name))] as const,
  );
  const bills = text('message/bills')
    ?.split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map(readBill);
  return present([
    ['offices', offices.length === 0 ? undefined : offices],
    ['constituent', present(constituent)],
    [
      'message',
      present([
        ['subject', text('message/subject')],
        ['body', text('message/body')],
        ['stance', text('message/stance')],
        ['moreInfo', readWebAddress(text('message/moreInfo'))],
        ['topics', topics.length === 0 ? undefined : topics],
        ['bills', bills],
      ]),
    ],
    ['campaignId', text('campaignId')],
    ['responseRequested', readYesNo(text('responseRequested'))],
    ['newsletterOptIn', readYesNo(text('newsletterOptIn'))],
  ]);
}

/** Returns a ZIP code or a phone number as Congress writes it. Other text is unchanged, so that the check refuses it. */
function inForm(name: FieldName, given: string | undefined): string | undefined {
  // A phone's keypad has no hyphen, and browsers fill in a phone number as ten digits
  if (name === 'constituent/zip') return given?.replace(/^(\d{5})[\s-]?(\d{4})$/, '$1-$2');
  if (name === 'constituent/phone')
    return given?.replace(/^(?:\+?1[\s.-]?)?\(?(\d{3})\)?[\s.-]*(\d{3})[\s.-]?(\d{4})$/, '$1-$2-$3');
  return given;
}

/** Reads codes such as `hca12, SCA01`. Other text is unchanged, so that the check refuses it. */
export function readOfficeCodes(typed: string): readonly string[] {
  return typed
    .toUpperCase()
    .split(/[\s,;]+/)
    .filter((code) => code !== '');
}

/** Reads `119 H.R. 1` as `119 hr 1`. Other text becomes a bill that the check refuses. */
function readBill(line: string): { readonly congress: number; readonly type: string; readonly number: number } {
  const [, congress, type, number] = /^(\d{1,3})\s+([a-z][a-z.\s]*)(\d{1,5})$/i.exec(line) ?? [];
  return { congress: Number(congress), type: (type ?? '').replace(/[.\s]/g, '').toLowerCase(), number: Number(number) };
}

/** Returns a web address in the form that a message needs. Other text is unchanged, so that the check refuses it. */
function readWebAddress(given: string | undefined): string | undefined {
  return given === undefined ? undefined : (toWebAddress(given) ?? given);
}

function readYesNo(value: string | undefined): boolean | undefined {
  return value === undefined ? undefined : value === 'yes';
}

function present(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
