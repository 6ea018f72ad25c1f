import 'reflect-metadata'; // @peculiar/x509 needs it
import { KeyObject, webcrypto } from 'node:crypto';
import { X509CertificateGenerator } from '@peculiar/x509';
import type { SigningKey } from '../sign/signer';

export const signingTime = new Date('2026-11-01T12:00:00Z');

/** A key and a certificate that it signed itself, valid for the day of `signingTime`. */
export async function makeSigningKey(namedCurve = 'P-384', name = 'CN=image signer'): Promise<SigningKey> {
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve }, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    notBefore: new Date('2026-11-01T00:00:00Z'),
    notAfter: new Date('2026-11-02T00:00:00Z'),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-384' },
  });
  return {
    privateKeyPem: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificatePem: certificate.toString('pem'),
  };
}
