import type { Certificate } from './certificate';

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
    subject: certificate.subjectName,
    issuer: certificate.issuerName,
    notBeforeMs: certificate.notBeforeMs,
    notAfterMs: certificate.notAfterMs,
  };
}
