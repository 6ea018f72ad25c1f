import { testAuthority } from '@communique-tee/congress-simulator';
import { X509Certificate } from 'node:crypto';
import { kmsAuthorities, kmsConfigSchema, readAliasArn } from './kms-config';

const origin = 'https://kms.us-east-1.amazonaws.com';

it('trusts Amazon’s roots for KMS, of all that Node carries, and no others', () => {
  const names = kmsAuthorities(kmsConfigSchema.parse({ origin })).map(
    (pem) => /CN=(.*)$/m.exec(new X509Certificate(pem).subject)?.[1],
  );
  expect(names.sort()).toEqual([
    'Amazon Root CA 1',
    'Amazon Root CA 2',
    'Amazon Root CA 3',
    'Amazon Root CA 4',
    'Starfield Services Root Certificate Authority - G2',
  ]);
});

it('trusts the named authorities alone where there are any', async () => {
  const { certificatePem } = await testAuthority();
  expect(
    kmsAuthorities(kmsConfigSchema.parse({ origin, certificateAuthorities: certificatePem })).map((pem) => pem.trim()),
  ).toEqual([certificatePem.trim()]);
});

it('reads region and account of an alias', () => {
  expect(readAliasArn('arn:aws-us-gov:kms:us-gov-west-1:123456789012:alias/x/y')).toEqual({
    partition: 'aws-us-gov',
    region: 'us-gov-west-1',
    account: '123456789012',
  });
});
