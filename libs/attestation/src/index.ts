import { nodePrimitives } from './primitives/primitives.node';
import type { AttestationPolicy } from './policy';
import {
  createVerifier,
  stepsOf,
  verify,
  type AttestationVerifier,
  type AttestationVerifierOptions,
  type VerifiedAttestation,
} from './verify';

export * from './exports';
export { pcr3OfRole } from './operator.node';

/**
 * Verifies a Nitro attestation document: structure, algorithm, digest, chain to the root, signature, measurements,
 * freshness, in this order (aws-nitro-enclaves-nsm-api, docs/attestation_process.md). Returns the claims of the document
 * if it fits the policy, and throws for every fault.
 *
 * @param document COSE_Sign1 as the NSM makes it, tagged or not, at most 16,512 bytes
 * @throws AttestationError with a stable `code`; the table is in libs/attestation/README.md
 * @example
 * const { publicKey } = await verifyAttestation(document, {
 *   acceptedMeasurements: [{ pcr0, pcr3 }],
 *   freshness: { nonce },
 *   maxAgeMs: 60_000,
 *   maxFutureSkewMs: 5_000,
 * });
 */
export function verifyAttestation(document: Uint8Array, policy: AttestationPolicy): Promise<VerifiedAttestation> {
  return verify(document, policy, attestationVerificationSteps);
}

/**
 * Returns a verifier that makes the checks of `verifyAttestation`. It remembers a bounded number of valid certificate signatures, because a
 * chain stays the same for hours. It checks everything that depends on time or policy every time.
 *
 * @example
 * const verifier = createAttestationVerifier();
 * await verifier.verify(document, policy);
 */
export function createAttestationVerifier(options?: AttestationVerifierOptions): AttestationVerifier {
  return createVerifier(nodePrimitives, options);
}

/**
 * The single steps of a verification, for libs/enclave-identity. They show whether a document is authentic. They do not check measurements
 * and freshness.
 */
export const attestationVerificationSteps = stepsOf(nodePrimitives);
