import type { Certificate } from './certificate';
import { readCommonName } from './common-name';

/** What people want to see of a certificate. */
export interface CertificateSummary {
  /** common names */
  subject: string;
  issuer: string;
  notBeforeMs: number;
  notAfterMs: number;
}

export function summarizeCertificate(certificate: Certificate): CertificateSummary {
  return {
    subject: readCommonName(certificate.subject),
    issuer: readCommonName(certificate.issuer),
    notBeforeMs: certificate.notBeforeMs,
    notAfterMs: certificate.notAfterMs,
  };
}
