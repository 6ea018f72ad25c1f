import type { Place } from './place';
import { enclaveKeyPolicy, operatorKeyPolicy } from './attested-key';

const place: Place = { stack: 'prod', region: 'us-east-1', accountId: '123456789012', partition: 'aws' };
const pcr0 = '1'.repeat(96);
const args = {
  place,
  parentRoleArn: 'arn:aws:iam::123456789012:role/parent',
  acceptedImages: [{ pcr0 }],
  administrators: ['arn:aws:iam::123456789012:role/deployer'],
};

it.each([
  ['no image', []],
  ['an image all of zeros', [{ pcr0: '0'.repeat(96) }]],
  ['a PCR2 all of zeros beside a good PCR0', [{ pcr0, pcr2: '0'.repeat(96) }]],
  ['a SHA-256', [{ pcr0: '1'.repeat(64) }]],
  ['a wildcard', [{ pcr0: '*' }]],
])('refuses %s as an accepted image', (_name, acceptedImages) => {
  expect(() => enclaveKeyPolicy({ ...args, acceptedImages })).toThrow();
  expect(() => operatorKeyPolicy({ ...args, acceptedImages, operators: ['x'] })).toThrow();
});

it('refuses a key without an administrator', () => {
  expect(() => enclaveKeyPolicy({ ...args, administrators: [] })).toThrow('administrator');
});

it.each([
  'kms:Encrypt',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:GenerateDataKeyPair',
  'kms:GenerateDataKeyPairWithoutPlaintext',
  'kms:CreateGrant',
  'kms:ReplicateKey',
])('denies %s to everyone, without a condition', (action) => {
  const denials = enclaveKeyPolicy(args).Statement.filter(
    ({ Effect, Action, Principal, Condition }) =>
      Effect === 'Deny' && Principal === '*' && Condition === undefined && Action.includes(action),
  );
  expect(denials).toHaveLength(1);
});

it('explicitly denies use without attestation, so that no other policy can allow it', () => {
  const { Statement } = enclaveKeyPolicy(args);
  expect(Statement).toContainEqual({
    Sid: 'NothingWithoutAttestation',
    Effect: 'Deny',
    Principal: '*',
    Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
    Resource: '*',
    Condition: { Null: { 'kms:RecipientAttestation:ImageSha384': 'true' } },
  });
  expect(Statement).toContainEqual(
    expect.objectContaining({
      Sid: 'NoOtherImage',
      Effect: 'Deny',
      Condition: { StringNotEqualsIgnoreCase: { 'kms:RecipientAttestation:ImageSha384': [pcr0] } },
    }),
  );
  const allowed = Statement.filter(({ Effect }) => Effect === 'Allow').flatMap(({ Action }) => Action);
  expect(allowed.filter((action) => /Encrypt|CreateGrant|GenerateDataKeyWithoutPlaintext/.test(action))).toEqual([]);
});
