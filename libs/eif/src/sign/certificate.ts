import { X509Certificate } from 'node:crypto';
import { EifError } from '../errors';
import { measureCertificate } from '../format/measurements';
import { type Algorithm, algorithmOf } from './algorithm';

/**
 * Exactly one certificate, as PEM and nothing but white space around it: what nitro-cli measures into PCR8 is the first one in
 * the file, and a second one would be there for nothing.
 *
 * @throws EifError ERR_EIF_SIGNATURE_CERTIFICATE
 */
export function readCertificate(pem: string): { certificate: X509Certificate; algorithm: Algorithm } {
  if (!/^\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/.test(pem))
    throw new EifError('ERR_EIF_SIGNATURE_CERTIFICATE', 'not one PEM block');
  try {
    const certificate = new X509Certificate(pem);
    const algorithm = algorithmOf(certificate.publicKey);
    if (algorithm !== undefined) return { certificate, algorithm };
  } catch (cause) {
    throw new EifError('ERR_EIF_SIGNATURE_CERTIFICATE', undefined, cause);
  }
  throw new EifError('ERR_EIF_SIGNATURE_CERTIFICATE', 'the key is of another kind');
}

/**
 * The PCR8 of every image that is signed with this certificate.
 *
 * @throws EifError ERR_EIF_SIGNATURE_CERTIFICATE
 */
export function certificatePcr8(certificatePem: string): string {
  return measureCertificate(readCertificate(certificatePem).certificate.raw);
}
