// What both entries export beside the functions that need cryptography.
export {
  AttestationError,
  attestationErrorCodes,
  attestationSteps,
  type AttestationErrorCode,
  type AttestationStep,
} from './errors';
export type { AttestationPolicy, MeasurementSet } from './policy';
export { awsNitroRootPem, awsNitroRootSha256 } from './aws-root';
export { unsafeTrustAnchorFromPem, type TrustAnchor } from './trust-anchor';
export type { AttestationVerifier, AttestationVerifierOptions } from './entry';
export { readAttestation_unverified, type UnverifiedAttestation } from './read-unverified';
export type { VerifiedAttestation } from './verified';
export type { CertificateSummary } from './x509/summary';
