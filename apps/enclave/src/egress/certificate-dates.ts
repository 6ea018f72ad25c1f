import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';

/** Why a certificate is refused; the first two have OpenSSL's names (X509_V_ERR). */
export type CertificateCode = 'CERT_HAS_EXPIRED' | 'CERT_NOT_YET_VALID' | 'UNABLE_TO_VERIFY_CHAIN' | 'CERT_NOT_SHOWN';

export class CertificateError extends Error {
  override readonly name = 'CertificateError';
  constructor(readonly code: CertificateCode) {
    super(code);
  }
}

/** Longer than the chain of any public authority. */
const MAX_CHAIN_LENGTH = 10;

/** The time in which all certificates of a chain are valid; Unix time in milliseconds. */
export interface Validity {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The methods of a TLS socket that this check uses after the handshake. */
export type SecuredPeer = Pick<TLSSocket, 'isSessionReused' | 'getPeerCertificate'>;

/**
 * Checks the dates (notBefore, notAfter) of every certificate from the server's to one of `authorities`. `nowMs` is the attested time.
 * OpenSSL has already verified the chain, but by the machine's clock, which the parent may have set. A resumed session is refused, because
 * the server shows no certificate in it (RFC 8446 section 2.2).
 * @returns the time in which all these certificates are valid
 * @throws CertificateError
 */
export function checkCertificateDates(secure: SecuredPeer, authorities: readonly string[], nowMs: number): Validity {
  if (secure.isSessionReused()) throw new CertificateError('CERT_NOT_SHOWN');
  const roots = authorities.map((pem) => new X509Certificate(pem));
  const chain = presentedChain(secure);
  for (const [index, certificate] of chain.entries()) {
    checkDates(certificate, nowMs);
    const issuers = roots.filter((root) => isIssuedBy(certificate, root));
    const root = issuers.find((issuer) => datesRefusal(issuer, nowMs) === null);
    if (root) return validityOf([...chain.slice(0, index + 1), root]);
    for (const issuer of issuers) checkDates(issuer, nowMs);
    const next = chain[index + 1];
    if (!next || !isIssuedBy(certificate, next)) throw new CertificateError('UNABLE_TO_VERIFY_CHAIN');
  }
  throw new CertificateError('CERT_NOT_SHOWN');
}

/** Returns the certificates that the server sent: the server's own first, each followed by its issuer. */
function presentedChain(secure: SecuredPeer): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let shown: Partial<DetailedPeerCertificate> | undefined = secure.getPeerCertificate(true);
  // Node links a self-signed certificate to itself, and returns an object without `raw` if the server showed no certificate
  while (shown?.raw && chain.length < MAX_CHAIN_LENGTH) {
    chain.push(new X509Certificate(shown.raw));
    shown = shown.issuerCertificate === shown ? undefined : shown.issuerCertificate;
  }
  return chain;
}

function validityOf(certificates: readonly X509Certificate[]): Validity {
  return {
    fromMs: Math.max(...certificates.map(({ validFromDate }) => validFromDate.getTime())),
    toMs: Math.min(...certificates.map(({ validToDate }) => validToDate.getTime())),
  };
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function checkDates(certificate: X509Certificate, nowMs: number): void {
  const refusal = datesRefusal(certificate, nowMs);
  if (refusal) throw new CertificateError(refusal);
}

function datesRefusal({ validFromDate, validToDate }: X509Certificate, nowMs: number): CertificateCode | null {
  if (!(nowMs >= validFromDate.getTime())) return 'CERT_NOT_YET_VALID';
  if (!(nowMs <= validToDate.getTime())) return 'CERT_HAS_EXPIRED';
  return null;
}
