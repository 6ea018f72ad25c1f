import { X509Certificate } from 'node:crypto';
import { EifError } from '../errors';
import { measureCertificate } from '../format/measurements';
import { type Algorithm, algorithmOf } from './algorithm';

/**
 * Reads exactly one certificate in PEM, with only white space around it. nitro-cli measures the first certificate of the file into PCR8
 * and would ignore a second, so this function refuses a second.
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
 * Returns the PCR8 of every image that is signed with this certificate.
 *
 * @throws EifError ERR_EIF_SIGNATURE_CERTIFICATE
 */
export function certificatePcr8(certificatePem: string): string {
  return measureCertificate(readCertificate(certificatePem).certificate.raw);
}
