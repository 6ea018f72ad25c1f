import {
  attestationVerificationSteps,
  createAttestationVerifier,
  type AttestationVerifierOptions,
} from '@communique-tee/attestation';
import { hash } from 'node:crypto';
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

const sha256 = (bytes: Uint8Array) => new Uint8Array(hash('sha256', bytes, 'buffer'));
const primitives: Primitives = { steps: attestationVerificationSteps, sha256 };

/**
 * Checks an enclave, and returns the result of each check. After a check that fails, the others are not run.
 *
 * @throws AttestationError of the step `policy`: the policy is not usable
 * @example
 * const { checks, identity } = await examineEnclave({ document, configuration }, policy);
 */
export function examineEnclave(evidence: EnclaveEvidence, policy: ExaminationPolicy): Promise<Examination> {
  return examine(evidence, policy, primitives);
}

/**
 * Makes the same checks as `examineEnclave`, and returns only the identity.
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
 * Returns the claims of a document, to show them to a person. They are not verified: anyone can write such a document.
 *
 * @throws AttestationError of the step `structure`, or for a certificate that cannot be read
 */
export function readEnclave_unverified(document: Uint8Array): UnverifiedEnclave {
  return readUnverified(document, primitives);
}

/**
 * Returns `examineEnclave` and `verifyEnclave` that share a memory of valid certificate signatures. A chain stays the same for hours, so
 * most of its signatures need no second check.
 */
export function createEnclaveExaminer(options?: AttestationVerifierOptions) {
  const remembering: Primitives = { ...primitives, steps: createAttestationVerifier(options).steps };
  return {
    examine: (evidence: EnclaveEvidence, policy: ExaminationPolicy) => examine(evidence, policy, remembering),
    verify: (evidence: EnclaveEvidence, policy: EnclavePolicy) => verify(evidence, policy, remembering),
  };
}
