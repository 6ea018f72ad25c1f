// The exports that both entries share. Each entry adds the functions that need cryptography.
export {
  AttestationError,
  attestationErrorCodes,
  attestationSteps,
  type AttestationErrorCode,
  type AttestationStep,
} from './errors';
export { checkAge, checkDebugMode, checkMeasurements, checkNonce, checkOperator } from './claims';
export {
  checkMeasurementSets,
  type ImageMeasurements,
  type MeasurementSet,
  type UncomparedOperator,
} from './measurement-set';
export { readMeasurementsJson, type MeasurementsReading, type NamedMeasurements } from './measurements-json';
export {
  checkCircumstances,
  checkPolicy,
  type AttestationPolicy,
  type CheckedCircumstances,
  type CheckedPolicy,
} from './policy';
export { awsNitroRootPem, awsNitroRootSha256, unsafeTrustAnchorFromPem, type TrustAnchor } from './trust-anchor';
export {
  readAttestation_unverified,
  type AttestationSteps,
  type AttestationVerifier,
  type AttestationVerifierOptions,
  type ReadAttestation,
  type UnverifiedAttestation,
  type VerifiedAttestation,
} from './verify';
export type { CertificateSummary } from './x509/certificate';
export type { VerifiedChain } from './x509/chain';
