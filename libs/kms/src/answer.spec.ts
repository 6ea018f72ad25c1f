import fc from 'fast-check';
import { MAX_ANSWER_BYTES, readDataKeyAnswer, readDecryptedAnswer, checkKeyArn, ownerOfAlias } from './answer';

const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const invalid = expect.objectContaining({ code: 'kms_answer_invalid' }) as Error;
const KeyId = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const dataKey = {
  KeyId,
  CiphertextBlob: 'AQID',
  CiphertextForRecipient: 'BAUG',
  KeyMaterialId: 'ab',
  SomethingNew: { a: 1 },
};
const decrypted = { KeyId, CiphertextForRecipient: 'BAUG', EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' };

it.each([{}, { Plaintext: null }, { Plaintext: '' }])(
  'reads an answer whose plaintext is absent, null or empty: %j',
  (plaintext) => {
    expect(readDataKeyAnswer(bytes({ ...dataKey, ...plaintext }))).toMatchObject({
      KeyId,
      CiphertextBlob: Uint8Array.of(1, 2, 3),
      CiphertextForRecipient: Uint8Array.of(4, 5, 6),
    });
    expect(readDecryptedAnswer(bytes({ ...decrypted, ...plaintext }))).toMatchObject({
      KeyId,
      CiphertextForRecipient: Uint8Array.of(4, 5, 6),
    });
  },
);

it.each<[string, object]>([
  ['a plaintext', { Plaintext: 'AAAA' }],
  ['a plaintext of one byte', { Plaintext: 'AA==' }],
  ['a plaintext that is not text', { Plaintext: false }],
  ['nothing for the recipient', { CiphertextForRecipient: undefined }],
  ['null for the recipient', { CiphertextForRecipient: null }],
  ['an empty envelope', { CiphertextForRecipient: '' }],
  ['an envelope that is not base64', { CiphertextForRecipient: 'AQI' }],
  ['an envelope in base64url', { CiphertextForRecipient: '-_-_' }],
  ['an envelope with its unused bits set', { CiphertextForRecipient: 'AQJ=' }],
  ['an envelope with a line break', { CiphertextForRecipient: 'AQID\nAQI' }],
  ['an envelope that is too large', { CiphertextForRecipient: 'AAAA'.repeat(2740) }],
  ['no key id', { KeyId: undefined }],
  ['a key id that is a number', { KeyId: 7 }],
])('refuses an answer with %s', (_what, change) => {
  expect(() => readDataKeyAnswer(bytes({ ...dataKey, ...change }))).toThrow(invalid);
  expect(() => readDecryptedAnswer(bytes({ ...decrypted, ...change }))).toThrow(invalid);
});

it('refuses a data key whose ciphertext is absent, or larger than a record has room for', () => {
  expect(() => readDataKeyAnswer(bytes(decrypted))).toThrow(invalid);
  expect(() => readDataKeyAnswer(bytes({ ...dataKey, CiphertextBlob: Buffer.alloc(1030).toString('base64') }))).toThrow(
    invalid,
  );
});

it('refuses a plaintext of another algorithm', () => {
  expect(() => readDecryptedAnswer(bytes({ ...decrypted, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }))).toThrow(
    invalid,
  );
});

it.each([
  '',
  '[]',
  'null',
  '"a"',
  '{',
  '['.repeat(MAX_ANSWER_BYTES),
  '\u0000',
  JSON.stringify(dataKey).replace('{', '{"KeyId":"x",'),
  `\ufeff${JSON.stringify(dataKey)}`,
  JSON.stringify({ ...dataKey, x: 'a'.repeat(MAX_ANSWER_BYTES) }),
])('refuses a malformed body', (body) => {
  expect(() => readDataKeyAnswer(bytes(body))).toThrow(invalid);
  expect(() => readDecryptedAnswer(bytes(body))).toThrow(invalid);
});

it('refuses bytes that are not UTF-8', () => {
  expect(() => readDataKeyAnswer(Buffer.from(JSON.stringify({ ...dataKey, x: '\u00ff' }), 'latin1'))).toThrow(invalid);
});

it('throws errors that contain no part of a refused value, and have no cause', () => {
  for (const body of [
    { ...dataKey, Plaintext: 'c2VjcmV0' },
    '{"Plaintext":"c2VjcmV0",}',
    { KeyId: 'c2VjcmV0', Plaintext: 'c2VjcmV0' },
  ]) {
    try {
      readDataKeyAnswer(bytes(body));
      throw new Error('taken');
    } catch (error) {
      expect(error).toMatchObject({ code: 'kms_answer_invalid' });
      expect(error).not.toHaveProperty('cause');
      expect(String(error)).not.toContain('c2VjcmV0');
    }
  }
});

it('reads a ciphertext for the recipient from any JSON, or refuses the JSON with kms_answer_invalid', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc
          .record({
            KeyId: fc.anything(),
            CiphertextBlob: fc.base64String(),
            CiphertextForRecipient: fc.base64String(),
            Plaintext: fc.option(fc.string()),
          })
          .map((value) => JSON.stringify(value)),
      ),
      (body) => {
        try {
          const { CiphertextForRecipient } = readDataKeyAnswer(bytes(body));
          expect(CiphertextForRecipient.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toMatchObject({ code: 'kms_answer_invalid' });
        }
      },
    ),
    { numRuns: 1000 },
  );
});

describe('the key that answers', () => {
  const alias = 'arn:aws:kms:us-east-1:111122223333:alias/communique-tee-test-enclave';
  const owner = ownerOfAlias(alias)!;

  it.each([KeyId, KeyId.replace('1234abcd-12ab-34cd-56ef-1234567890ab', 'mrk-1234abcd12ab34cd56ef1234567890ab')])(
    'is accepted in the account and region of the alias: %s',
    (arn) => {
      expect(() => checkKeyArn(arn, owner)).not.toThrow();
    },
  );

  it.each([
    KeyId.replace('111122223333', '444455556666'),
    KeyId.replace('us-east-1', 'us-west-2'),
    KeyId.replace('arn:aws:', 'arn:aws-cn:'),
    KeyId.replace(':kms:', ':s3:'),
    KeyId.replace('key/', 'alias/'),
    `${KeyId}\n`,
    `${KeyId}/x`,
    alias,
    '1234abcd-12ab-34cd-56ef-1234567890ab',
    '',
  ])('is refused: %j', (arn) => {
    expect(() => checkKeyArn(arn, owner)).toThrow(invalid);
  });

  it.each([
    '',
    'alias/x',
    KeyId,
    `${alias} `,
    `${alias}\n`,
    alias.replace('111122223333', '11112222333'),
    `${alias}${'a'.repeat(256)}`,
  ])('has no known owner if the alias is %j, which is no alias ARN', (arn) => {
    expect(ownerOfAlias(arn)).toBeUndefined();
  });
});
