import { AttestationError, type AttestationErrorCode } from '../errors';
import type { AttestationPrimitives, P384Key } from '../primitives/primitives';
import { trustAnchorSha256, type TrustAnchor } from '../trust-anchor';
import type { SignatureCache, SignedCertificate } from '../signature-cache';
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
  /** checks a signature (r || s, 96 bytes) with the leaf's key */
  verify(message: Uint8Array, signature: Uint8Array): Promise<boolean>;
}

/**
 * Checks each certificate from the pinned root down to the leaf (attestation_process.md, section 3.2.3; RFC 5280, section 6.1).
 * The order is: signature, issuer, dates, CA flag, path length, key usage. The signature is first, because the other fields mean
 * nothing without it. The hash identifies the root, so the root's signature and issuer are not checked. Revocation is not checked,
 * because leaf certificates last three hours.
 */
export async function verifyChain(input: ChainInput): Promise<VerifiedChain> {
  const { cabundle, primitives, atMs, cache } = input;
  const rootDer = cabundle[0];
  if (!rootDer) throw new AttestationError('ERR_ATTESTATION_CABUNDLE_LENGTH');
  const rootSha256 = await primitives.sha256(rootDer);
  if (!sameBytes(rootSha256, await trustAnchorSha256(input.anchor, primitives)))
    throw new AttestationError('ERR_ATTESTATION_ROOT', undefined, undefined, 0);

  const count = cabundle.length + 1;
  const rootLink = cache?.link(rootSha256, rootSha256);
  const knownRoot = rootLink === undefined ? undefined : cache?.get(rootLink);
  let issuer = knownRoot ?? read(rootDer, 0, count, primitives);
  if (rootLink !== undefined && !knownRoot) cache?.set(rootLink, issuer);
  let issuerSha256 = rootSha256;
  checkCertificate(issuer.certificate, 0, count, atMs);
  const certificates = [issuer.certificate];

  for (const [above, der] of [...cabundle.slice(1), input.leaf].entries()) {
    const index = above + 1;
    const refuse = refusal(index, count);
    const sha256 = cache ? await primitives.sha256(der) : undefined;
    const link = sha256 && cache?.link(sha256, issuerSha256);
    let signed = link === undefined ? undefined : cache?.get(link);
    if (!signed) {
      signed = read(der, index, count, primitives);
      const { tbs, signature } = signed.certificate;
      if (!(await verifyWith(issuer, refusal(above, count), tbs, signature)))
        throw refuse('ERR_ATTESTATION_CERTIFICATE_SIGNATURE');
      if (link !== undefined) cache?.set(link, signed);
    }
    if (!sameBytes(signed.certificate.issuer, issuer.certificate.subject))
      throw refuse('ERR_ATTESTATION_CERTIFICATE_ISSUER');
    checkCertificate(signed.certificate, index, count, atMs);
    certificates.push(signed.certificate);
    issuer = signed;
    if (sha256) issuerSha256 = sha256;
  }
  const leaf = issuer;
  return {
    certificates,
    leaf: leaf.certificate,
    verify: (message, signature) => verifyWith(leaf, refusal(count - 1, count), message, signature),
  };
}

function checkCertificate(certificate: Certificate, index: number, count: number, atMs: number): void {
  const refuse = refusal(index, count);
  if (atMs < certificate.notBeforeMs)
    throw refuse('ERR_ATTESTATION_CERTIFICATE_NOT_YET_VALID', `, valid from ${iso(certificate.notBeforeMs)}`);
  if (atMs > certificate.notAfterMs)
    throw refuse('ERR_ATTESTATION_CERTIFICATE_EXPIRED', `, valid until ${iso(certificate.notAfterMs)}`);
  if (index === count - 1) {
    if (certificate.isCa) throw refuse('ERR_ATTESTATION_CERTIFICATE_LEAF_IS_CA');
    if (!certificate.maySignDocuments) throw refuse('ERR_ATTESTATION_CERTIFICATE_KEY_USAGE', ' lacks digitalSignature');
    return;
  }
  if (!certificate.isCa || !certificate.basicConstraintsCritical) throw refuse('ERR_ATTESTATION_CERTIFICATE_NOT_CA');
  const casBelow = count - 2 - index;
  const { pathLength } = certificate;
  if (pathLength !== undefined && pathLength < casBelow)
    throw refuse('ERR_ATTESTATION_CERTIFICATE_PATH_LENGTH', ` allows ${pathLength}, there are ${casBelow}`);
  if (!certificate.maySignCertificates) throw refuse('ERR_ATTESTATION_CERTIFICATE_KEY_USAGE', ' lacks keyCertSign');
}

async function verifyWith(
  signer: SignedCertificate,
  refuse: Refusal,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  try {
    const key = await signer.key();
    return await key.verify(message, signature);
  } catch (cause) {
    if (cause instanceof AttestationError) throw cause;
    throw refuse('ERR_ATTESTATION_CERTIFICATE_KEY', '', cause);
  }
}

function read(der: Uint8Array, index: number, count: number, primitives: AttestationPrimitives): SignedCertificate {
  let certificate: Certificate;
  try {
    certificate = parseCertificate(der);
  } catch (error) {
    if (error instanceof AttestationError) throw refusal(index, count)(error.code, `: ${error.message}`, error);
    throw error;
  }
  // Importing a key takes a tenth of the time of a signature check, so wait until its first use
  let key: P384Key | Promise<P384Key> | undefined;
  return { certificate, key: () => (key ??= primitives.importP384(certificate.publicPoint)) };
}

type Refusal = (code: AttestationErrorCode, more?: string, cause?: unknown) => AttestationError;

/** Returns a function that makes errors about one certificate. The error's text counts from 1, its member `certificate` from 0. */
function refusal(index: number, count: number): Refusal {
  return (code, more = '', cause) =>
    new AttestationError(code, `certificate ${index + 1} of ${count}${more}`, cause, index);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
