import { parseCoseSign1 } from './sign1';
import { parseDocument, type AttestationDocument } from './document';
import { parseCertificate } from './x509/certificate';
import { summarizeCertificate, type CertificateSummary } from './x509/summary';

export interface UnverifiedAttestation extends AttestationDocument {
  /** root first, leaf last */
  certificates: readonly CertificateSummary[];
}

/**
 * What a document claims, for showing it to a person. Nothing of it was verified: anyone can write such a document.
 *
 * @throws AttestationError of the step "structure", or for a certificate that cannot be read
 */
export function readAttestation_unverified(document: Uint8Array): UnverifiedAttestation {
  const content = parseDocument(parseCoseSign1(document).payload);
  return {
    ...content,
    certificates: [...content.cabundle, content.certificate].map((der) => summarizeCertificate(parseCertificate(der))),
  };
}
