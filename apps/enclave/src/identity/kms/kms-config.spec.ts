import { testAuthority } from '@communique-tee/congress-simulator';
import { X509Certificate } from 'node:crypto';
import { kmsAuthorities, kmsConfigSchema, readAliasArn } from './kms-config';

const origin = 'https://kms.us-east-1.amazonaws.com';

it('trusts only Amazon’s roots for KMS if the configuration names none', () => {
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

it('trusts only the named authorities if the configuration names any', async () => {
  const { certificatePem } = await testAuthority();
  expect(
    kmsAuthorities(kmsConfigSchema.parse({ origin, certificateAuthorities: certificatePem })).map((pem) => pem.trim()),
  ).toEqual([certificatePem.trim()]);
});

it('reads partition, region and account of an alias ARN', () => {
  expect(readAliasArn('arn:aws-us-gov:kms:us-gov-west-1:123456789012:alias/x/y')).toEqual({
    partition: 'aws-us-gov',
    region: 'us-gov-west-1',
    account: '123456789012',
  });
});
