import type { Message } from './api';
import { validateMessage } from './validate-message';

const STATUE = '\u{1f5fd}';
const message = (changes: Partial<Message['message']>, constituent: Partial<Message['constituent']> = {}): Message => ({
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
    ...constituent,
  },
  message: { subject: 'Clean water', body: 'Please keep the water clean.', topics: ['Health'], ...changes },
  campaignId: 'c1',
});

it('counts UTF-16 units, as string.length does', () => {
  expect(validateMessage(message({ body: STATUE.repeat(5000) }))).toEqual([]);
  expect(validateMessage(message({ body: STATUE.repeat(5001) }))).toEqual([
    { pointer: '/message/body', code: 'too_long', message: '/message/body: must have at most 10,000 characters' },
  ]);
});

it('treats invisible text as missing', () => {
  const problems = validateMessage(
    message({}, { firstName: '\u200b', city: '\u3164\u3164\u3164', email: 'p@test.example\u200b' }),
  );
  expect(problems.map(({ pointer, code }) => `${pointer} ${code}`)).toEqual([
    '/constituent/firstName too_short',
    '/constituent/city too_short',
    '/constituent/email invisible_characters',
  ]);
});

it.each([
  ['HZZ99', 'no_such_office'],
  ['HOH16', 'no_such_office'],
  ['SDC01', 'no_such_office'],
  ['HDC98', 'no_such_office'],
  ['HCA12', 'other_state'],
])('refuses %s for an address in Ohio, and lists the offices of Ohio', (office, code) => {
  const addressed = { ...message({}, { state: 'OH' }), offices: ['SOH01', office] };
  expect(validateMessage(addressed)).toEqual([
    {
      pointer: '/offices/1',
      code,
      message: expect.stringMatching(
        /^\/offices\/1: is an office .*; an address in OH has HOH01 to HOH15 \(House\), SOH01 and SOH03 \(Senate\)$/,
      ) as string,
    },
  ]);
});
