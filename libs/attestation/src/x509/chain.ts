import { AttestationError } from '../errors';
import type { AttestationPrimitives, P384Key } from '../primitives/primitives';
import { trustAnchorSha256, type TrustAnchor } from '../trust/trust-anchor';
import type { SignatureCache } from '../verify/signature-cache';
import { parseCertificate, type Certificate } from './certificate';
import { sameBytes } from './der';

export interface ChainInput {
  /** DER, root first */
  cabundle: readonly Uint8Array[];
  /** DER of the certificate that signed the document */
  leaf: Uint8Array;
  anchor: TrustAnchor;
  atMs: number;
  primitives: AttestationPrimitives;
  cache?: SignatureCache | undefined;
}

export interface VerifiedChain {
  /** root first, leaf last */
  certificates: readonly Certificate[];
  leaf: Certificate;
  leafKey: P384Key;
}

/**
 * Walks from the pinned root down to the leaf (attestation_process.md, section 3.2.3; RFC 5280, section 6.1). The root is
 * known by its fingerprint, so its signature of itself says nothing more. Each certificate below: signature, issuer, dates,
 * CA flag, path length, key usage, in this order: what a certificate says is believed only once its signature holds.
 * Revocation is not looked at: leaf certificates last three hours.
 */
export async function verifyChain(input: ChainInput): Promise<VerifiedChain> {
  const { cabundle, primitives, atMs, cache } = input;
  const chain = [...cabundle, input.leaf];
  const rootDer = cabundle[0];
  if (!rootDer) throw new AttestationError('ERR_ATTESTATION_CABUNDLE_LENGTH');
  const rootSha256 = await primitives.sha256(rootDer);
  if (!sameBytes(rootSha256, await trustAnchorSha256(input.anchor, primitives))) throw new AttestationError('ERR_ATTESTATION_ROOT');

  const certificates: Certificate[] = [];
  let issuer: { certificate: Certificate; key: P384Key; sha256: Uint8Array | undefined } | undefined;
  for (const [index, der] of chain.entries()) {
    const certificate = parse(der, label(index, chain.length));
    const sha256 = cache && (index === 0 ? rootSha256 : await primitives.sha256(der));
    let key: P384Key | undefined;
    if (issuer) {
      const link = cache && sha256 && issuer.sha256 && cache.link(sha256, issuer.sha256);
      key = link === undefined ? undefined : cache?.get(link);
      if (!key) {
        if (!(await issuer.key.verify(certificate.tbs, certificate.signature))) throw new AttestationError('ERR_ATTESTATION_CERTIFICATE_SIGNATURE', label(index, chain.length));
        key = lazyKey(certificate, primitives, label(index, chain.length));
        if (link !== undefined) cache?.set(link, key);
      }
      if (!sameBytes(certificate.issuer, issuer.certificate.subject)) throw new AttestationError('ERR_ATTESTATION_CERTIFICATE_ISSUER', label(index, chain.length));
    }
    key ??= lazyKey(certificate, primitives, label(index, chain.length));
    checkCertificate(certificate, index, chain.length, atMs);
    certificates.push(certificate);
    issuer = { certificate, key, sha256 };
  }
  if (!issuer) throw new AttestationError('ERR_ATTESTATION_CABUNDLE_LENGTH');
  return { certificates, leaf: issuer.certificate, leafKey: issuer.key };
}

function checkCertificate(certificate: Certificate, index: number, count: number, atMs: number): void {
  const which = label(index, count);
  if (atMs < certificate.notBeforeMs) throw new AttestationError('ERR_ATTESTATION_CERTIFICATE_NOT_YET_VALID', `${which}, valid from ${iso(certificate.notBeforeMs)}`);
  if (atMs > certificate.notAfterMs) throw new AttestationError('ERR_ATTESTATION_CERTIFICATE_EXPIRED', `${which}, valid until ${iso(certificate.notAfterMs)}`);
  if (index === count - 1) {
    if (certificate.isCa) throw new AttestationError('ERR_ATTESTATION_CERTIFICATE_LEAF_IS_CA');
    if (!certificate.maySignDocuments) throw new AttestationError('ERR_ATTESTATION_CERTIFICATE_KEY_USAGE', `${which} lacks digitalSignature`);
    return;
  }
  if (!certificate.isCa || !certificate.basicConstraintsCritical) throw new AttestationError('ERR_ATTESTATION_CERTIFICATE_NOT_CA', which);
  const casBelow = count - 2 - index;
  if (certificate.pathLength !== undefined && certificate.pathLength < casBelow) {
    throw new AttestationError('ERR_ATTESTATION_CERTIFICATE_PATH_LENGTH', `${which} allows ${certificate.pathLength}, there are ${casBelow}`);
  }
  if (!certificate.maySignCertificates) throw new AttestationError('ERR_ATTESTATION_CERTIFICATE_KEY_USAGE', `${which} lacks keyCertSign`);
}

/** Importing a key takes a tenth of what a signature check takes, so it is done when first used, and once. */
function lazyKey(certificate: Certificate, primitives: AttestationPrimitives, which: string): P384Key {
  const point = certificate.publicPoint.slice();
  let imported: P384Key | undefined;
  return {
    async verify(message, signature) {
      if (!imported) {
        try {
          imported = await primitives.importP384(point);
        } catch (cause) {
          throw new AttestationError('ERR_ATTESTATION_CERTIFICATE_KEY', which, cause);
        }
      }
      return imported.verify(message, signature);
    },
  };
}

function parse(der: Uint8Array, which: string): Certificate {
  try {
    return parseCertificate(der);
  } catch (error) {
    if (error instanceof AttestationError) throw new AttestationError(error.code, `${which}: ${error.message}`, error);
    throw error;
  }
}

/** `certificate 1 of 5`: the root is the first, the leaf the last. */
function label(index: number, count: number): string {
  return `certificate ${index + 1} of ${count}`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
