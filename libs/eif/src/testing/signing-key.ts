import 'reflect-metadata'; // @peculiar/x509 needs it
import { KeyObject, webcrypto } from 'node:crypto';
import { X509CertificateGenerator } from '@peculiar/x509';
import type { SigningKey } from '../sign/signer';

export const signingTime = new Date('2026-11-01T12:00:00Z');

/** Returns a key and its self-signed certificate, valid for the day of `signingTime`. */
export const makeSigningKey = (namedCurve = 'P-384', name = 'CN=image signer'): Promise<SigningKey> =>
  certify({ name: 'ECDSA', namedCurve }, { name: 'ECDSA', hash: 'SHA-384' }, name);

/** Returns a key that is not for ECDSA. */
export const makeRsaKey = (): Promise<SigningKey> => {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  return certify({ ...algorithm, modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) }, algorithm, 'CN=rsa');
};

async function certify(
  key: webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams,
  signingAlgorithm: { name: string; hash: string },
  name: string,
): Promise<SigningKey> {
  const keys = await webcrypto.subtle.generateKey(key, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    notBefore: new Date('2026-11-01T00:00:00Z'),
    notAfter: new Date('2026-11-02T00:00:00Z'),
    signingAlgorithm,
  });
  return {
    privateKeyPem: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificatePem: certificate.toString('pem'),
  };
}
