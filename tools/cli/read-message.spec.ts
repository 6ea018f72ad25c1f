import { writeFileSync } from 'node:fs';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { readMessage } from './read-message';

const STATUE = '\u{1f5fd}';
const message = (body = 'Please keep the water clean.') => ({
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
  message: { subject: 'Clean water', body, topics: ['Health'] },
  campaignId: 'c1',
});

describe('a message file', () => {
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = await temporaryFolder('read-message');
  });
  afterAll(() => folder.remove());
  const file = (text: string | Uint8Array) => {
    const path = `${folder.path}/message.json`;
    writeFileSync(path, text);
    return path;
  };

  it('may have as many UTF-16 units in a field as docs/message.md says, and not one more', () => {
    expect(readMessage(file(JSON.stringify(message(STATUE.repeat(5000))))).message.body).toHaveLength(10_000);
    expect(() => readMessage(file(JSON.stringify(message(STATUE.repeat(5001)))))).toThrow(
      '/message/body: must have at most 10,000 characters',
    );
  });

  it('may have the campaign of an organization', () => {
    const { body: _body, ...words } = message().message;
    const campaign = {
      ...message(),
      message: { ...words, organizationStatement: 'The organization asks for clean water.' },
      organization: { name: 'Test organization', contact: { phone: '202-555-0101' } },
    };
    expect(readMessage(file(JSON.stringify(campaign)))).toMatchObject(campaign);
    expect(() => readMessage(file(JSON.stringify({ ...message(), message: words })))).toThrow(
      '/message/body: is required and missing',
    );
  });

  it('is refused with an office that does not exist or is of another state, before a gateway is asked', () => {
    const to =
      (...offices: string[]) =>
      () =>
        readMessage(file(JSON.stringify({ ...message(), offices })));
    for (const [office, reason] of [
      ['HZZ99', 'that does not exist'],
      ['SCA02', 'that does not exist'],
      ['HNY03', 'of another state than the address'],
    ] as const)
      expect(to('HCA12', office)).toThrow(
        `/offices/1: is an office ${reason}; an address in CA has HCA01 to HCA52 (House), SCA01 and SCA03 (Senate)`,
      );
  });

  it('is refused with an explanation of what to write', () => {
    const wrong = { ...message(), constituent: { ...message().constituent, phone: '(510) 555-0100', zip: '9460' } };
    expect(() => readMessage(file(JSON.stringify(wrong)))).toThrow(
      /zip: must be five digits.*\n.*phone: must be ten digits.*202-555-0100/,
    );
  });

  it.each<[string, string | Uint8Array, string]>([
    [
      'has a member twice in a nested object',
      JSON.stringify(message()).replace('"body":', '"body":"Something else.","body":'),
      'an object has two members of the same name',
    ],
    [
      'has a member twice, once with an escaped name',
      JSON.stringify(message()).replace('"offices":', String.raw`"\u006fffices":["HCA13"],"offices":`),
      'an object has two members of the same name',
    ],
    ['starts with a byte order mark', `\ufeff${JSON.stringify(message())}`, 'save it as UTF-8 without one'],
    ['is not UTF-8', Buffer.from(JSON.stringify(message('Grüße an alle.')), 'latin1'), 'not UTF-8'],
  ])('is refused with the reason if it %s', (_name, text, reason) => {
    expect(() => readMessage(file(text))).toThrow(expect.objectContaining({ code: 'not_understood' }));
    expect(() => readMessage(file(text))).toThrow(reason);
  });
});
