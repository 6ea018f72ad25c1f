// The exports that both entries share. Each entry adds the functions that need cryptography.
export type { EnclaveEvidence, EnclaveKeys, NoteCode } from './check';
export { EnclaveError, enclaveErrorCodes, type EnclaveErrorCode } from './errors';
export {
  CHECK_NAMES,
  failedCheck,
  type CheckName,
  type CheckResult,
  type EnclaveIdentity,
  type Examination,
  type FailedCheck,
  type FailureCode,
  type UnverifiedEnclave,
} from './examine';
export { checkEnclavePolicy, type EnclavePolicy, type ExaminationPolicy } from './policy';
