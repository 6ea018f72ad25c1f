import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { awsNitroRootPem, awsNitroRootSha256 } from './trust-anchor';

describe('the AWS root', () => {
  const certificate = new X509Certificate(awsNitroRootPem);

  it('has the pinned fingerprint', () => {
    expect(awsNitroRootSha256).toBe('641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b');
    expect(createHash('sha256').update(certificate.raw).digest('hex')).toBe(awsNitroRootSha256);
  });

  it('is the self-signed certificate of AWS', () => {
    expect(certificate.subject.split('\n')).toEqual(['C=US', 'O=Amazon', 'OU=AWS', 'CN=aws.nitro-enclaves']);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
  });

  const published = join(__dirname, '../../../../shared/vectors/aws/aws-nitro-root-g1.pem');
  (existsSync(published) ? it : it.skip)(`is the one in ${published} (skipped where that is absent)`, () => {
    expect(new X509Certificate(readFileSync(published)).raw.equals(certificate.raw)).toBe(true);
  });
});
