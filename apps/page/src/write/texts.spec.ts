import { FIELD_RULES, STATES, TOPICS, type FieldRule, type OfficeRefusal } from '@communique-tee/protocol';
import english from '../text/languages/en';
import spanish from '../text/languages/es';
import { FIELD_NAMES, keyOf } from './fields';
import { problemText } from './problem-text';
import { districtName, officeName } from './seat-name';
import { districtsOf } from './seats';

/** Every code that the check of a message can return. This does not compile if a code is missing. */
const CODES = Object.keys({
  ...(Object.fromEntries(FIELD_RULES.map((rule) => [rule, true])) as Record<FieldRule, true>),
  no_such_office: true,
  other_state: true,
  malformed: true,
} satisfies Record<FieldRule | OfficeRefusal | 'malformed', true>);

describe.each([
  ['en', english],
  ['es', spanish],
])('%s', (_, { write, places, topics }) => {
  it('has a text for every problem that the check can find', () => {
    expect(Object.keys(write.problems)).toEqual(expect.arrayContaining(CODES));
  });

  it('has a label for every field, and special texts only for these fields', () => {
    const keys = FIELD_NAMES.map(keyOf);
    expect(Object.keys(write.fields).sort()).toEqual([...keys].sort());
    for (const own of [write.hints, write.missing, write.forms])
      expect(keys).toEqual(expect.arrayContaining(Object.keys(own)));
  });

  it('names every state and topic', () => {
    expect(Object.keys(places)).toEqual(STATES);
    expect(Object.keys(topics)).toEqual(TOPICS);
  });
});

it('the English catalogue has the topics as Congress writes them', () => {
  expect(Object.values(english.topics)).toEqual(TOPICS);
});

describe('the text of a problem', () => {
  const of = (field: Parameters<typeof problemText>[0]['field'], code: string) =>
    problemText({ field, code, message: 'the library’s sentence' });

  it.each([
    ['constituent/firstName', 'required', 'Please fill this in.'],
    ['constituent/state', 'required', 'Choose your state or territory.'],
    ['constituent/zip', 'invalid', 'Use five digits, or five, a hyphen and four, such as 94601 or 94601-1234.'],
    ['message/subject', 'too_short', 'Use at least 6 characters.'],
    ['message/body', 'too_long', 'Use at most 10,000 characters.'],
    ['offices', 'too_long', 'Choose at most 4 offices.'],
    ['message/bills', 'too_long', 'Name at most 20 bills.'],
    ['responseRequested', 'invalid', 'Please check this.'],
    [undefined, 'malformed', 'The message could not be read.'],
  ] as const)('of the field %s with the code %s is the catalogue’s', (field, code, shown) => {
    expect(of(field, code)).toBe(shown);
  });

  it('is the library’s if the catalogue does not know the code, or the page does not know the limit', () => {
    expect(of('message/body', 'new_code')).toBe('the library’s sentence');
    expect(of('message/body', 'constructor')).toBe('the library’s sentence');
    expect(of('constituent/zip', 'too_long')).toBe('the library’s sentence');
  });
});

it.each([
  ['HCA12', 'U.S. House, California 12th district'],
  ['HNY21', 'U.S. House, New York 21st district'],
  ['HOH03', 'U.S. House, Ohio 3rd district'],
  ['HAK00', 'U.S. House, Alaska (at large)'],
  ['HDC00', 'U.S. House, District of Columbia (delegate)'],
  ['HAQ00', 'U.S. House, American Samoa (delegate)'],
  ['HPR00', 'U.S. House, Puerto Rico (resident commissioner)'],
  ['SCA01', 'U.S. Senate, California, class I seat'],
  ['HCA99', 'HCA99'],
])('the page gives %s the name "%s"', (code, name) => {
  expect(officeName(code)).toBe(name);
});

it('the page names a district in a list only by its state and number', () => {
  expect(districtsOf('OH').slice(0, 4).map(districtName)).toEqual([
    'Ohio 1st district',
    'Ohio 2nd district',
    'Ohio 3rd district',
    'Ohio 4th district',
  ]);
});
