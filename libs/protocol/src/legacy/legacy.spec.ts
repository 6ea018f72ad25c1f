import { encodeCanonical } from '../encoding/cbor';
import { LIMITS } from '../limits';
import { decodeSealedMessage, sealedMessageFromJson } from '../messages/sealed-message';
import { parseLegacyContent } from './legacy-content';
import {
  decodeLegacyMessage,
  encodeLegacyMessage,
  isLegacyMessage,
  isLegacyMessageJson,
  legacyMessageFromJson,
  type LegacyMessage,
} from './legacy-message';

const bytes = (length: number, fill = 7) => new Uint8Array(length).fill(fill);
const message = (): LegacyMessage => ({
  keyId: bytes(16),
  ephemeralKey: bytes(32),
  nonce: bytes(24),
  ciphertext: bytes(100),
});
const json = () => ({
  ciphertext: Buffer.from(bytes(100)).toString('base64'),
  nonce: Buffer.from(bytes(24)).toString('base64'),
  ephemeralPublicKey: `0x${'07'.repeat(32)}`,
  teeKeyId: '07'.repeat(16),
});
const code = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return 'taken';
};

describe('a sealed message of the legacy suite', () => {
  it('has one binary form, which differs from the other suite’s', () => {
    const encoded = encodeLegacyMessage(message());
    expect(decodeLegacyMessage(encoded)).toEqual(message());
    expect(isLegacyMessage(encoded)).toBe(true);
    expect(code(() => decodeSealedMessage(encoded))).toBe('suite_unsupported');
    expect(isLegacyMessage(encodeCanonical([1, 1, bytes(16)]))).toBe(false);
  });

  it('is read from the client’s JSON, with or without the name of the suite', () => {
    expect(legacyMessageFromJson(json())).toEqual(message());
    expect(legacyMessageFromJson({ ...json(), suite: 'x25519-blake2b-xchacha20poly1305' })).toEqual(message());
    expect(isLegacyMessageJson(json())).toBe(true);
    expect(isLegacyMessageJson({ suite: 'hpke-x25519-hkdfsha256-xchacha20poly1305' })).toBe(false);
    expect(code(() => sealedMessageFromJson({ ...json(), suite: 'x25519-blake2b-xchacha20poly1305' }))).toBe(
      'suite_unsupported',
    );
  });

  it.each<[string, object]>([
    ['plain text in another member', { message: 'Dear Senator' }],
    ['another suite', { suite: 'hpke-x25519-hkdfsha256-xchacha20poly1305' }],
    ['base64url', { nonce: `${'-'.repeat(32)}` }],
    ['a nonce of 23 bytes', { nonce: Buffer.from(bytes(23)).toString('base64') }],
    ['base64 without its padding', { ciphertext: Buffer.from(bytes(100)).toString('base64').replaceAll('=', '') }],
    ['a ciphertext that is only a tag', { ciphertext: Buffer.from(bytes(16)).toString('base64') }],
    ['a key without 0x', { ephemeralPublicKey: '07'.repeat(32) }],
    ['a short key', { ephemeralPublicKey: `0x${'07'.repeat(31)}` }],
    ['a key id that is not hexadecimal', { teeKeyId: 'latest' }],
  ])('with %s is refused', (_name, change) =>
    expect(code(() => legacyMessageFromJson({ ...json(), ...change }))).toBe('malformed_body'),
  );

  it('is refused if it is larger than the largest message of the other suite', () => {
    const most = LIMITS.maxPaddedPlaintextBytes + 16;
    expect(code(() => decodeLegacyMessage(encodeLegacyMessage({ ...message(), ciphertext: bytes(most) })))).toBe(
      'taken',
    );
    expect(code(() => decodeLegacyMessage(encodeLegacyMessage({ ...message(), ciphertext: bytes(most + 1) })))).toBe(
      'malformed_body',
    );
    expect(code(() => decodeLegacyMessage(bytes(LIMITS.maxSealedMessageBytes + 1)))).toBe('body_too_large');
  });
});

describe('the content of the legacy suite', () => {
  const SECRET = bytes(32, 9);
  const today = () => ({
    deliveryAddress: {
      name: 'Test Person',
      email: 'person@test.example',
      street: '1 Test Street',
      city: 'Oakland',
      state: 'ca',
      zip: '94601',
      phone: '(510) 555-0100',
      congressional_district: 'CA-12',
    },
    proof: { publicInputs: ['1'] },
  });
  const complete = () => ({
    ...today(),
    constituent: { prefix: 'Ms.', firstName: 'Test', lastName: 'Person' },
    message: { subject: 'Clean water', body: 'Please keep the water clean.', topics: ['Health'] },
    campaignId: 'water',
  });
  const parse = (value: unknown) => parseLegacyContent(Buffer.from(JSON.stringify(value)), SECRET);
  const problems = (value: unknown) => {
    const result = parse(value);
    return result.ok ? [] : result.problems.map(({ pointer, code: rule }) => `${pointer} ${rule}`);
  };

  it('that is complete becomes a message to Congress with the same words', () => {
    expect(parse(complete())).toEqual({
      ok: true,
      message: {
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
          phone: '510-555-0100',
        },
        message: { subject: 'Clean water', body: 'Please keep the water clean.', topics: ['Health'] },
        campaignId: 'water',
        proof: null,
      },
    });
  });

  it('may carry the campaign of an organization', () => {
    const organization = { name: 'Test organization', about: 'It is for clean water.' };
    const message = { ...complete().message, organizationStatement: 'The organization asks for clean water.' };
    expect(parse({ ...complete(), message, organization })).toMatchObject({
      ok: true,
      message: { message, organization },
    });
  });

  it('that lacks fields gets a problem for each, under its legacy name, and no default', () => {
    expect(problems(today())).toEqual([
      '/constituent/prefix required',
      '/constituent/firstName required',
      '/constituent/lastName required',
      '/message/subject required',
      '/message/topics required',
      '/campaignId required',
      '/message/body required',
    ]);
    const { deliveryAddress } = complete();
    expect(
      problems({
        ...complete(),
        deliveryAddress: { ...deliveryAddress, street: undefined, zip: 'x', congressional_district: undefined },
      }),
    ).toEqual([
      '/deliveryAddress/congressional_district required',
      '/deliveryAddress/street required',
      '/deliveryAddress/zip invalid',
    ]);
    expect(JSON.stringify(parse(today()))).not.toMatch(/Test Street|person@/);
  });

  it.each([
    ['12', ['HCA12']],
    [3, ['HCA03']],
    ['CA03', ['HCA03']],
    ['52', ['HCA52']],
    ['al', ['HAK00'], 'AK'],
    ['AL', ['HAK00'], 'AK'],
    [0, ['HVT00'], 'vt'],
    ['00', ['HDC00'], 'DC'],
    ['98', ['HDC00'], 'DC'],
    ['AS-98', ['HAQ00'], 'AS'],
  ])('sends a message for district %s to %j', (district, offices, state = 'CA') => {
    const { deliveryAddress } = complete();
    const address = { ...deliveryAddress, state, congressional_district: district };
    expect(parse({ ...complete(), deliveryAddress: address })).toMatchObject({ ok: true, message: { offices } });
  });

  it.each([
    ['NY-12', 'other_state'],
    ['twelve', 'invalid'],
    ['123', 'invalid'],
    ['53', 'no_such_office'],
    ['0', 'no_such_office'],
    ['AL', 'no_such_office'],
    ['98', 'no_such_office'],
  ])('refuses district %s of an address in California as %s, and lists the offices of California', (district, rule) => {
    const { deliveryAddress } = complete();
    const result = parse({ ...complete(), deliveryAddress: { ...deliveryAddress, congressional_district: district } });
    expect(result).toMatchObject({
      ok: false,
      problems: [
        {
          pointer: '/deliveryAddress/congressional_district',
          code: rule,
          message: expect.stringMatching(
            /^\/deliveryAddress\/congressional_district: .* an address in CA has HCA01 to HCA52 \(House\), SCA01 and SCA03 \(Senate\)$/,
          ) as string,
        },
      ],
    });
  });

  it('goes to the named offices, not to the office of the district', () => {
    expect(parse({ ...complete(), offices: ['SCA01'] })).toMatchObject({ ok: true, message: { offices: ['SCA01'] } });
    expect(problems({ ...complete(), offices: ['the senate'] })).toEqual(['/offices/0 invalid']);
  });

  it.each([
    ['5105550100', '510-555-0100'],
    ['+1 510.555.0100', '510-555-0100'],
    ['1-510-555-0100', '510-555-0100'],
    ['', undefined],
  ])('writes phone %s in the form of Congress', (phone, written) => {
    const { deliveryAddress } = complete();
    expect(parse({ ...complete(), deliveryAddress: { ...deliveryAddress, phone } })).toMatchObject({ ok: true });
    const result = parse({ ...complete(), deliveryAddress: { ...deliveryAddress, phone } });
    expect(result.ok && result.message.constituent.phone).toBe(written);
  });

  it.each([['555-0100'], ['+44 20 7946 0000']])('refuses phone %s', (phone) => {
    const { deliveryAddress } = complete();
    expect(problems({ ...complete(), deliveryAddress: { ...deliveryAddress, phone } })).toEqual([
      '/deliveryAddress/phone invalid',
    ]);
  });

  it.each([
    ['not JSON', Buffer.from('Dear Senator'), 'not JSON'],
    ['empty', Buffer.alloc(0), 'not JSON'],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'not UTF-8'],
    ['nested too deep', Buffer.from('['.repeat(50)), 'nested deeper than 8'],
    [
      'an object with a member twice',
      Buffer.from('{"message":{"body":"a","body":"b"}}'),
      'an object has two members of the same name',
    ],
  ])('that is %s gets a problem with that reason', (_name, opened, why) => {
    expect(parseLegacyContent(opened, SECRET)).toEqual({
      ok: false,
      offices: [],
      problems: [{ pointer: '', code: 'malformed', message: `The sealed content cannot be read: ${why}.` }],
    });
  });

  it.each([[{}], [[]], ['text'], [{ deliveryAddress: 'Oakland' }], [{ deliveryAddress: { email: 7 } }]])(
    'that is %j is refused',
    (value) => {
      expect(parse(value).ok).toBe(false);
    },
  );
});
