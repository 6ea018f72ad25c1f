import { checkFreshness } from './freshness';
import { checkMeasurements } from './measurements';
import { checkAlgorithm, parseCoseSign1, signedBytes } from './sign1';
import { parseDocument } from './document';
import { AttestationError } from './errors';
import { toHex } from './hex';
import { checkPolicy, type AttestationPolicy } from './policy';
import type { AttestationPrimitives } from './primitives/primitives';
import { verifyChain } from './x509/chain';
import { summarizeCertificate } from './x509/summary';
import type { SignatureCache } from './signature-cache';
import type { VerifiedAttestation } from './verified';

/** All checks in their order (../../README.md). Nothing of a document is returned unless every one passed. */
export async function verify(
  document: Uint8Array,
  policy: AttestationPolicy,
  primitives: AttestationPrimitives,
  cache?: SignatureCache,
): Promise<VerifiedAttestation> {
  const checked = checkPolicy(policy);

  if (!(document instanceof Uint8Array)) throw new AttestationError('ERR_ATTESTATION_COSE', 'not a Uint8Array');
  const sign1 = parseCoseSign1(document);
  const content = parseDocument(sign1.payload);
  const documentSha256 = await primitives.sha256(document);

  checkAlgorithm(sign1);
  if (content.digest !== 'SHA384') throw new AttestationError('ERR_ATTESTATION_DIGEST');

  const chain = await verifyChain({
    cabundle: content.cabundle,
    leaf: content.certificate,
    anchor: checked.anchor,
    atMs: checked.atMs,
    primitives,
    cache,
  });

  if (!(await chain.verify(signedBytes(sign1.protectedHeader, sign1.payload), sign1.signature)))
    throw new AttestationError('ERR_ATTESTATION_SIGNATURE');

  checkMeasurements(content.pcrs, checked.accepted);
  checkFreshness(content, checked);

  return {
    moduleId: content.moduleId,
    timestampMs: content.timestampMs,
    pcrs: content.pcrs,
    pcr0: toHex(content.pcrs.get(0) ?? new Uint8Array()),
    ...(content.publicKey && { publicKey: content.publicKey }),
    ...(content.userData && { userData: content.userData }),
    ...(content.nonce && { nonce: content.nonce }),
    leafNotBeforeMs: chain.leaf.notBeforeMs,
    leafNotAfterMs: chain.leaf.notAfterMs,
    certificates: chain.certificates.map(summarizeCertificate),
    documentSha256,
  };
}
