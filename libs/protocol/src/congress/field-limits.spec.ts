import { encodeCanonical } from '../encoding/cbor';
import { parseLegacyContent } from '../legacy/legacy-content';
import { parseCongressMessage, validateCongressMessage } from './congress-message';

/** Two UTF-16 units, one code point. */
const STATUE = '\u{1f5fd}';
const SECRET = new Uint8Array(32).fill(7);

const message = () => ({
  version: 1,
  deliverySecret: SECRET,
  offices: ['HCA12'],
  constituent: {
    prefix: 'Ms.',
    firstName: 'Test',
    lastName: 'Person',
    address1: '1 Test Street',
    city: 'Oakland',
    state: 'CA',
    zip: '94601',
    email: 'person@test.example',
  },
  message: { subject: 'Clean water', body: 'Please keep the water clean.', topics: ['Health'] },
  campaignId: 'c1',
  organization: { name: 'Test organization', contact: { name: 'Test Contact' } },
  proof: null,
});

/** Every field of free text, with its shortest and its longest length as docs/message.md gives them. */
const TEXTS: readonly (readonly [pointer: string, min: number, max: number])[] = [
  ['/constituent/prefix', 1, 500],
  ['/constituent/firstName', 1, 500],
  ['/constituent/middleName', 1, 500],
  ['/constituent/lastName', 1, 500],
  ['/constituent/suffix', 1, 500],
  ['/constituent/title', 1, 500],
  ['/constituent/organization', 3, 500],
  ['/constituent/address1', 3, 500],
  ['/constituent/address2', 3, 500],
  ['/constituent/address3', 3, 500],
  ['/constituent/city', 3, 500],
  ['/message/subject', 6, 500],
  ['/message/body', 6, 10_000],
  ['/message/organizationStatement', 6, 10_000],
  ['/organization/name', 6, 500],
  ['/organization/about', 6, 500],
  ['/organization/contact/name', 2, 500],
  ['/campaignId', 2, 500],
];

function withField(pointer: string, value: unknown): ReturnType<typeof message> {
  const copy = message();
  const [last = '', ...parents] = pointer.split('/').slice(1).reverse();
  const target = parents.reverse().reduce<Record<string, unknown>>((here, name) => here[name] as never, copy);
  target[last] = value;
  return copy;
}

const codesOf = (result: ReturnType<typeof validateCongressMessage>) =>
  result.ok ? [] : result.problems.map(({ pointer, code }) => `${pointer} ${code}`);

describe.each(TEXTS)('%s, from %i to %i', (pointer, min, max) => {
  it('accepts a text of the maximum UTF-16 units and refuses a longer text, in the client and in the enclave', () => {
    for (const [text, problems] of [
      ['x'.repeat(max), []],
      [STATUE.repeat(max / 2), []],
      ['x'.repeat(max + 1), [`${pointer} too_long`]],
      [`x${STATUE.repeat(max / 2)}`, [`${pointer} too_long`]],
      [STATUE.repeat(max), [`${pointer} too_long`]],
    ] as const) {
      expect(codesOf(validateCongressMessage(withField(pointer, text)))).toEqual(problems);
      expect(codesOf(parseCongressMessage(encodeCanonical(withField(pointer, text))))).toEqual(problems);
    }
  });

  it('accepts a text of the fewest visible characters and refuses a shorter text', () => {
    expect(codesOf(validateCongressMessage(withField(pointer, STATUE.repeat(min))))).toEqual([]);
    for (const text of [
      STATUE.repeat(min - 1),
      `${'x'.repeat(min - 1)}\u200b`,
      `\u2800${'x'.repeat(min - 1)}\u3164`,
      '\u200b'.repeat(10),
      '\u2800'.repeat(10),
      '\u3164 \u00a0\ufeff'.repeat(10),
    ])
      expect(codesOf(validateCongressMessage(withField(pointer, text)))).toEqual([`${pointer} too_short`]);
  });

  it('accepts characters that join others: an emoji of two people, a Persian name', () => {
    for (const text of ['\u{1f468}\u200d\u{1f469} family', 'علی\u200cرضا ab'])
      expect(codesOf(validateCongressMessage(withField(pointer, text)))).toEqual([]);
  });
});

it('the body keeps U+FEFF at its start from the sealing to the enclave', () => {
  const body = '\ufeffPlease keep the water clean.';
  const parsed = parseCongressMessage(encodeCanonical(withField('/message/body', body)));
  expect(parsed.ok && parsed.message.message.body).toBe(body);
});

it.each([
  'p@test.example\u200b',
  '\u200bp@test.example',
  'p\u00ad@test.example',
  'p@te\u2060st.example',
  'p@test.example\u{e0041}',
])('refuses an email address with a character that cannot be seen: %j', (email) => {
  expect(codesOf(validateCongressMessage(withField('/constituent/email', email)))).toEqual([
    '/constituent/email invisible_characters',
  ]);
});

it.each([
  ['email', 'p@test.example\u200b', 'invisible_characters'],
  ['email', 'nobody', 'invalid'],
  ['phone', '5105550100', 'invalid'],
])("refuses a contact's %s as it refuses the person's: %j", (name, value, rule) => {
  const pointer = `/organization/contact/${name}`;
  const result = validateCongressMessage(withField(pointer, value));
  expect(codesOf(result)).toEqual([`${pointer} ${rule}`]);
  expect(result.ok || result.problems[0]?.message).not.toContain('must be text');
});

it('an email address has at most 254 UTF-16 units', () => {
  const email = (local: string) => `${local}@test.example`;
  expect(codesOf(validateCongressMessage(withField('/constituent/email', email('x'.repeat(241)))))).toEqual([]);
  for (const local of ['x'.repeat(242), STATUE.repeat(121)])
    expect(codesOf(validateCongressMessage(withField('/constituent/email', email(local))))).toEqual([
      '/constituent/email too_long',
    ]);
});

describe('the legacy suite', () => {
  const legacy = (changes: object, address: object = {}) => {
    const { constituent, message: words, campaignId, offices } = message();
    return parseLegacyContent(
      Buffer.from(
        JSON.stringify({
          deliveryAddress: {
            email: constituent.email,
            street: constituent.address1,
            city: constituent.city,
            state: 'CA',
            zip: constituent.zip,
            ...address,
          },
          constituent: { prefix: 'Ms.', firstName: 'Test', lastName: 'Person' },
          message: { ...words, ...changes },
          campaignId,
          offices,
        }),
      ),
      SECRET,
    );
  };

  it('limits its fields as the other suite does', () => {
    expect(codesOf(legacy({ body: STATUE.repeat(5000) }))).toEqual([]);
    expect(codesOf(legacy({ body: STATUE.repeat(5001) }))).toEqual(['/message/body too_long']);
    expect(codesOf(legacy({}, { street: STATUE.repeat(250) }))).toEqual([]);
    expect(codesOf(legacy({}, { street: STATUE.repeat(251) }))).toEqual(['/deliveryAddress/street too_long']);
    expect(codesOf(legacy({}, { city: '\u200b'.repeat(9) }))).toEqual(['/deliveryAddress/city too_short']);
    expect(codesOf(legacy({}, { email: 'p@test.example\u200b' }))).toEqual([
      '/deliveryAddress/email invisible_characters',
    ]);
  });
});
