/** The statement of the proof of residence, the registrar's tree and notes, and the inputs of a proof. Runs in browsers and in Node. */
export * from './errors';
export * from './field';
export { h3, TAGS, type Tag } from './poseidon2';
export * from './district';
export * from './statement';
export * from './merkle-tree';
export * from './witness';
export * from './circuit-identity';
export {
  REFERENCE_STRING_BYTES,
  REFERENCE_STRING_NAME,
  REFERENCE_STRING_SHA256,
} from './barretenberg/reference-string';
export * from './note-errors';
export * from './notes';
export * from './registration';
export * from './list-errors';
export { listAddress } from './list-files';
export * from './list-path';
export * from './district-offices';
