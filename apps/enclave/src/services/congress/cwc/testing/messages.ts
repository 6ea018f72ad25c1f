import { BILL_TYPES, officesOf, STATES, TOPICS, type CongressMessage } from '@communique-tee/protocol';
import * as fc from 'fast-check';
import type { DeliveryAgent } from '../congress-config';

/** Test data. Its host names are reserved for examples (RFC 2606), and its telephone numbers for fiction. */
export const TEST_AGENT: DeliveryAgent = {
  name: 'Test agent',
  ackEmail: 'ack@agent.example',
  contactName: 'Test Contact',
  contactEmail: 'contact@agent.example',
  contactPhone: '202-555-0100',
};

export function testMessage(offices: string[] = ['HCA12', 'SCA01', 'SCA03']): CongressMessage {
  return {
    version: 1,
    deliverySecret: new Uint8Array(32).fill(7),
    offices,
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
    proof: null,
  };
}

const character = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1 }) },
  { weight: 3, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '<',
      '>',
      '&',
      '"',
      "'",
      ']]>',
      '\r',
      '\n',
      '\t',
      '\r\n',
      '\u0085',
      '\u2028',
      '\u{1f5fd}',
      '&amp;',
      '&#13;',
    ),
  },
);
/** Text whose length is near `min`. It usually meets Congress's schema. */
const text = (min: number, max: number) =>
  fc.string({ unit: character, minLength: min, maxLength: Math.min(max, min + 30) });
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const email = fc
  .tuple(
    fc.stringMatching(/^[!-?A-~]{1,20}$/),
    fc.stringMatching(/^[a-z-]{1,20}$/),
    fc.stringMatching(/^[a-z.]{1,10}$/),
  )
  .map(([a, b, c]) => `${a}@${b}.${c}`);

/** Messages to one office of the sender's state, with odd characters and lengths near the lower limits. Most are valid. */
export const anyMessage: fc.Arbitrary<CongressMessage> = fc
  .record({
    constituent: fc.record({
      prefix: text(1, 500),
      firstName: text(1, 500),
      middleName: optional(text(1, 500)),
      lastName: text(1, 500),
      suffix: optional(text(1, 500)),
      title: optional(text(1, 500)),
      organization: optional(text(3, 500)),
      address1: text(3, 500),
      address2: optional(text(3, 500)),
      address3: optional(text(3, 500)),
      city: text(3, 500),
      state: fc.constantFrom(...STATES),
      zip: fc.stringMatching(/^[0-9]{5}(-[0-9]{4})?$/),
      email,
      phone: optional(fc.stringMatching(/^[0-9]{3}-[0-9]{3}-[0-9]{4}$/)),
    }),
    message: fc.record({
      subject: text(6, 500),
      body: text(6, 10_000),
      organizationStatement: optional(text(6, 10_000)),
      topics: fc.uniqueArray(fc.constantFrom(...TOPICS), { minLength: 1 }),
      bills: optional(
        fc.array(
          fc.record({
            congress: fc.integer({ min: 1, max: 999 }),
            type: fc.constantFrom(...BILL_TYPES),
            number: fc.integer({ min: 1, max: 99_999 }),
          }),
          { maxLength: 20 },
        ),
      ),
      stance: optional(fc.constantFrom('pro' as const, 'con' as const)),
      moreInfo: optional(fc.webUrl({ withFragments: true, withQueryParameters: true })),
    }),
    campaignId: text(2, 500),
    organization: optional(
      fc.record({
        name: text(6, 500),
        about: optional(text(6, 500)),
        contact: optional(
          fc.record({
            name: optional(text(2, 500)),
            email: optional(email),
            phone: optional(fc.stringMatching(/^[0-9]{3}-[0-9]{3}-[0-9]{4}$/)),
          }),
        ),
      }),
    ),
    responseRequested: optional(fc.boolean()),
    newsletterOptIn: optional(fc.boolean()),
  })
  .map((parts) => JSON.parse(JSON.stringify(parts)) as typeof parts) // drops undefined members
  .map((parts) => ({ ...testMessage(officesOf(parts.constituent.state).slice(0, 1)), ...parts }) as CongressMessage);

/** Each value breaks the rule of at least one text field. */
const BAD_TEXTS = [
  '',
  ' ',
  '\u00a0\u2003',
  'x',
  'ab',
  'abcde',
  '\u{1f5fd}',
  '\u{1f5fd}\u{1f5fd}\u{1f5fd}',
  '\u{1f5fd}'.repeat(5),
  '\u{1f5fd}'.repeat(250),
  'x'.repeat(500),
  'x'.repeat(501),
  '\u{1f5fd}'.repeat(501),
  'x'.repeat(10_000),
  'x'.repeat(10_001),
  'nul \u0000 here',
  'escape \u001b here',
  'bell \u0007\u0008\u000b\u000c',
  'not a character \ufffe\uffff',
  'half \ud83d a character',
  'a@b',
  '@b.c',
  'a@b@c.d',
  'a@.b',
  'a b@c.d',
  'https://example.org/%zz',
  'https://example.org/[x]',
  'https://example.org:port/',
  'https://example.org:99999999999/',
  'https://example.org/#a#b',
  'https://example.org/a b',
  'javascript:alert(1)',
  ':x',
  '94601\n',
  '510-555-0100\n',
  'CA\n',
  'ZZ',
];

const TEXT_FIELDS = [
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
const MESSAGE_FIELDS = ['subject', 'body', 'organizationStatement', 'moreInfo', 'stance'];
const ORGANIZATION_FIELDS = ['name', 'about'];
const CONTACT_FIELDS = ['name', 'email', 'phone'];

/** A message with one field removed or replaced by a bad value. Despite its type it usually is no valid CongressMessage. */
export const brokenMessage: fc.Arbitrary<CongressMessage> = fc
  .tuple(
    anyMessage,
    fc.constantFrom(
      ...TEXT_FIELDS.map((name) => ['constituent', name]),
      ...MESSAGE_FIELDS.map((name) => ['message', name]),
      ...ORGANIZATION_FIELDS.map((name) => ['organization', name]),
      ...CONTACT_FIELDS.map((name) => ['organization', 'contact', name]),
      ['campaignId'],
    ),
    fc.oneof(fc.constantFrom(...BAD_TEXTS), fc.constant(undefined)),
  )
  .map(([message, path, value]) => {
    const copy = structuredClone(message) as unknown as Record<string, unknown>;
    const [last = '', ...parents] = path.toReversed();
    let target = copy;
    for (const name of parents.toReversed()) target = (target[name] ??= {}) as Record<string, unknown>;
    if (value === undefined) Reflect.deleteProperty(target, last);
    else target[last] = value;
    return copy as unknown as CongressMessage;
  });
