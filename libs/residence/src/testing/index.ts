/** For tests: made-up people, a registrar and an enclave whose keys are public, real proofs of these people, and bad proofs. */
export * from './from-text';
export * from './people';
export { EXPIRES_AT_SECONDS, PLANNED_PROOFS, computePlanned, type PlannedProof } from './planned-proofs';
export * from './committed-proofs';
export * from './bad-proofs';
export * from './bad-envelopes';
export { SECOND_GROUP_POINT } from '../barretenberg/reference-string';
export { describeProving, referenceStringFolders, referenceStringForTests } from './reference-string';
export * from './list-server';
export * from './list-of-people';
