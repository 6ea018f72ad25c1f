import { toWebAddress } from '@communique-tee/protocol';

/** The values of a form by name, as FormData gives them: every field once, topics as often as they are chosen. */
export type Entries = Iterable<readonly [name: string, value: unknown]>;

/**
 * What was filled in, in the shape of a message: what is empty is left out, and nothing is made up. Whether it is a message is for the
 * same check that the enclave makes (validateCongressMessage).
 */
export function readForm(entries: Entries): Record<string, unknown> {
  const texts = new Map<string, string>();
  const topics: string[] = [];
  for (const [name, value] of entries) {
    if (typeof value !== 'string') continue;
    if (name === 'message/topics') topics.push(value);
    else texts.set(name, value);
  }
  const text = (name: string): string | undefined => {
    const given = texts.get(name) ?? '';
    // Space around a name is no part of it; the words of the message stay as they are written
    const value = name === 'message/body' ? given.replaceAll('\r\n', '\n') : given.trim();
    return value === '' ? undefined : value;
  };
  const texts_ = (prefix: string, names: readonly string[]) =>
    names.map((name) => [name, text(`${prefix}/${name}`)] as const);
  const bills = text('message/bills')
    ?.split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map(readBill);
  return present([
    [
      'offices',
      text('offices')
        ?.toUpperCase()
        .split(/[\s,;]+/)
        .filter((code) => code !== ''),
    ],
    ['constituent', present(texts_('constituent', CONSTITUENT))],
    [
      'message',
      present([
        ...texts_('message', ['subject', 'body', 'stance']),
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

const CONSTITUENT = [
  'prefix',
  'firstName',
  'middleName',
  'lastName',
  'suffix',
  'title',
  'organization',
  'address1',
  'address2',
  'address3',
  'city',
  'state',
  'zip',
  'email',
  'phone',
];

/** What cannot be read becomes a bill that the check refuses. */
function readBill(line: string): { readonly congress: number; readonly type: string; readonly number: number } {
  const [, congress, type, number] = /^(\d{1,3})\s+([a-z]+)\s+(\d{1,5})$/i.exec(line) ?? [];
  return { congress: Number(congress), type: (type ?? '').toLowerCase(), number: Number(number) };
}

/** As a message takes it; what is no web address stays, to be refused. */
function readWebAddress(given: string | undefined): string | undefined {
  return given === undefined ? undefined : (toWebAddress(given) ?? given);
}

function readYesNo(value: string | undefined): boolean | undefined {
  return value === undefined ? undefined : value === 'yes';
}

function present(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
