import { validateCongressMessage } from '@communique-tee/protocol';
import { problemsByField } from './field-problems';
import { FIELDS, TOPICS } from './fields';
import { readForm } from './read-form';

const FILLED: readonly (readonly [string, string])[] = [
  ['offices', ' hca12, SCA01\nSCA03 '],
  ['campaignId', 'c1'],
  ['constituent/prefix', 'Ms.'],
  ['constituent/firstName', ' Test '],
  ['constituent/middleName', ''],
  ['constituent/lastName', 'Person'],
  ['constituent/address1', '1 Test Street'],
  ['constituent/city', 'Oakland'],
  ['constituent/state', 'CA'],
  ['constituent/zip', '94601'],
  ['constituent/email', 'p@test.example'],
  ['message/subject', 'A subject'],
  ['message/body', ' Two lines\r\nof words. '],
  ['message/topics', 'Energy'],
  ['message/topics', 'Law'],
  ['message/bills', '119 HR 1\n\n 118  s 22 '],
  ['message/stance', ''],
  ['responseRequested', 'no'],
  ['newsletterOptIn', ''],
];
const check = (message: Record<string, unknown>) =>
  validateCongressMessage({ ...message, version: 1, deliverySecret: new Uint8Array(32), proof: null });

describe('the form', () => {
  it('becomes a message of what was filled in, and of nothing else', () => {
    const message = readForm(FILLED);
    expect(message).toEqual({
      offices: ['HCA12', 'SCA01', 'SCA03'],
      constituent: {
        prefix: 'Ms.',
        firstName: 'Test',
        lastName: 'Person',
        address1: '1 Test Street',
        city: 'Oakland',
        state: 'CA',
        zip: '94601',
        email: 'p@test.example',
      },
      message: {
        subject: 'A subject',
        body: ' Two lines\nof words. ',
        topics: ['Energy', 'Law'],
        bills: [
          { congress: 119, type: 'hr', number: 1 },
          { congress: 118, type: 's', number: 22 },
        ],
      },
      campaignId: 'c1',
      responseRequested: false,
    });
    expect(check(message).ok).toBe(true);
  });

  it('empty, lacks everything that Congress requires, and nothing else', () => {
    const result = check(readForm([]));
    if (result.ok) throw new Error('an empty form is no message');
    const { shown, rest } = problemsByField(result.problems);
    expect(shown.map(({ field }) => field)).toEqual(FIELDS.filter(({ required }) => required === true));
    expect(shown.every(({ text }) => text.endsWith(': missing.'))).toBe(true);
    expect(rest).toEqual([]);
  });

  it('knows every field that the message has', () => {
    const names = (prefix: string, fields: object) => Object.keys(fields).map((name) => `${prefix}${name}`);
    const all = {
      constituent: {
        prefix: 1,
        firstName: 1,
        middleName: 1,
        lastName: 1,
        suffix: 1,
        title: 1,
        organization: 1,
        address1: 1,
        address2: 1,
        address3: 1,
        city: 1,
        state: 1,
        zip: 1,
        email: 1,
        phone: 1,
      },
      message: { subject: 1, body: 1, topics: 1, bills: 1, stance: 1, moreInfo: 1 },
    };
    // An unknown field would be named; a value of a wrong type is only invalid
    const result = check({ ...all, offices: 1, campaignId: 1, responseRequested: 1, newsletterOptIn: 1 });
    expect(result.ok || result.problems.filter(({ code }) => code === 'unknown_field')).toEqual([]);
    expect(FIELDS.map(({ name }) => name).sort()).toEqual(
      [
        ...names('constituent/', all.constituent),
        ...names('message/', all.message),
        'offices',
        'campaignId',
        'responseRequested',
        'newsletterOptIn',
      ].sort(),
    );
  });

  it('names the field that a problem deep inside belongs to, and says what belongs to none', () => {
    const result = check(readForm([...FILLED, ['message/bills', 'nonsense'], ['offices', 'HCA12 XX']]));
    if (result.ok) throw new Error('that is no message');
    expect(problemsByField(result.problems).shown.map(({ field }) => field.name)).toEqual(['offices', 'message/bills']);
    expect(problemsByField([{ pointer: '/proof', code: 'invalid', message: 'The proof.' }])).toEqual({
      shown: [],
      rest: ['The proof.'],
    });
  });

  it('tells what to write, beside the label of the field', () => {
    const wrong = [
      ['constituent/phone', '510 555 0100'],
      ['constituent/zip', '9460'],
      ['constituent/firstName', '\u200b'],
      ['message/body', '\u{1f5fd}'.repeat(5001)],
    ] as const;
    const result = check(readForm([...FILLED, ...wrong]));
    if (result.ok) throw new Error('that is no message');
    expect(problemsByField(result.problems).shown.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^First name: must have at least 1 character; .* do not count\.$/),
      'ZIP code: must be five digits, or five, a hyphen and four, such as 94601 or 94601-1234.',
      'Your words: must have at most 10,000 characters.',
      'Phone: must be ten digits with two hyphens and no country code, such as 202-555-0100.',
    ]);
  });

  it('takes a web address as it is pasted', () => {
    const message = readForm([...FILLED, ['message/moreInfo', ' https://example.org/a[1]|b ']]);
    expect(message['message']).toMatchObject({ moreInfo: 'https://example.org/a%5B1%5D%7Cb' });
    expect(check(message).ok).toBe(true);
    expect(check(readForm([...FILLED, ['message/moreInfo', 'example.org']])).ok).toBe(false);
  });

  it('names the offices of the state for one that does not exist or is of another state', () => {
    const shown = (offices: string, state: string) => {
      const result = check(readForm([...FILLED, ['offices', offices], ['constituent/state', state]]));
      return result.ok ? [] : problemsByField(result.problems).shown.map(({ text }) => text);
    };
    expect(shown('HOH01 SOH03', 'OH')).toEqual([]);
    expect(shown('HOH01 HOH16', 'OH')).toEqual([
      'Offices: number 2 is an office that does not exist; an address in OH has HOH01 to HOH15 (House), SOH01 and SOH03 (Senate).',
    ]);
    expect(shown('HCA12', 'DC')).toEqual([
      'Offices: number 1 is an office of another state than the address; an address in DC has HDC00 (House).',
    ]);
  });

  it('offers the topics of Congress', () => {
    expect(TOPICS).toHaveLength(32);
  });
});
