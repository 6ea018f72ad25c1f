import { measureCertificate } from '../image/measurer';
import { readCertificate } from './certificate';

/**
 * The PCR8 of every image that is signed with this certificate.
 *
 * @throws EifError ERR_EIF_SIGNATURE_CERTIFICATE
 */
export function certificatePcr8(certificatePem: string): string {
  return measureCertificate(readCertificate(certificatePem).raw);
}
