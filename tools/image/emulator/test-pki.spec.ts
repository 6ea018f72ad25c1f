import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { makeTestPki, type TestPki } from './test-pki';

describe('the certificates of the emulated NSM', () => {
  let folder: TemporaryFolder;
  let pki: TestPki;
  const read = (name: string) => new X509Certificate(readFileSync(join(pki.folder, name)));

  beforeAll(async () => {
    folder = await temporaryFolder('test-pki');
    pki = await makeTestPki(join(folder.path, 'pki'));
  });
  afterAll(() => folder.remove());

  it('are a chain from the root to the leaf, as long as AWS’s', () => {
    const chain = [0, 1, 2, 3].map((depth) => read(`ca-${depth}.der`));
    const all = [...chain, read('leaf.der')];
    all.forEach((certificate, at) => {
      const issuer = all[Math.max(at - 1, 0)];
      expect(issuer && certificate.verify(issuer.publicKey) && certificate.checkIssued(issuer)).toBe(true);
      expect(certificate.ca).toBe(at < 4);
    });
    expect(new X509Certificate(pki.rootPem).fingerprint256).toBe(chain[0]?.fingerprint256);
  });

  it('have a leaf that is valid for three hours from now; only its owner can read the key file', () => {
    const leaf = read('leaf.der');
    expect(leaf.checkPrivateKey(createPrivateKey(readFileSync(join(pki.folder, 'leaf.key.pem'))))).toBe(true);
    const hours = (Date.parse(leaf.validTo) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(2.9);
    expect(hours).toBeLessThanOrEqual(3);
    expect(statSync(join(pki.folder, 'leaf.key.pem')).mode & 0o777).toBe(0o600);
  });

  it('are new each time', async () => {
    expect((await makeTestPki(join(folder.path, 'other'))).rootPem).not.toBe(pki.rootPem);
  });
});
