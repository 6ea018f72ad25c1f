import { attestationVerificationSteps } from '@communique-tee/attestation/browser';
import { sha256 } from '@noble/hashes/sha2.js';
import type { EnclaveEvidence, Primitives } from './check';
import {
  examine,
  readUnverified,
  verify,
  type EnclaveIdentity,
  type Examination,
  type UnverifiedEnclave,
} from './examine';
import type { EnclavePolicy, ExaminationPolicy } from './policy';

export * from './exports';

const primitives: Primitives = { steps: attestationVerificationSteps, sha256 };

/**
 * Checks an enclave and reports the result of each check. After the first failed check, the others are not run.
 *
 * @throws AttestationError of the step `policy` if the policy cannot be used or the platform has no WebCrypto
 * @example
 * const { checks, identity } = await examineEnclave({ document, configuration }, policy);
 */
export function examineEnclave(evidence: EnclaveEvidence, policy: ExaminationPolicy): Promise<Examination> {
  return examine(evidence, policy, primitives);
}

/**
 * Makes the checks of `examineEnclave`, and returns only the identity.
 *
 * @throws AttestationError | EnclaveError of the first check that failed
 * @example
 * const { publicKey, attestation } = await verifyEnclave({ document }, {
 *   acceptedMeasurements: [{ pcr0, pcr3 }],
 *   freshness: { nonce },
 *   maxAgeMs: 60_000,
 *   maxFutureSkewMs: 5_000,
 * });
 */
export function verifyEnclave(evidence: EnclaveEvidence, policy: EnclavePolicy): Promise<EnclaveIdentity> {
  return verify(evidence, policy, primitives);
}

/**
 * Returns the claims of a document without verifying them, to show them to a person. Anyone can write such a document.
 *
 * @throws AttestationError of the step `structure`, or for a certificate that cannot be read
 */
export function readEnclave_unverified(document: Uint8Array): UnverifiedEnclave {
  return readUnverified(document, primitives);
}
