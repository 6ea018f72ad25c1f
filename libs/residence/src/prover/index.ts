/** Makes proofs of residence in Node. For browsers: `@communique-tee/residence/prover/browser`. */
export { createProver, type NodeProverOptions } from './prover.node';
export {
  ProvingError,
  type ProofOfResidence,
  type Prove,
  type ProveOptions,
  type Prover,
  type ProvingErrorCode,
  type ProvingState,
} from './proving';
export {
  findReferenceString,
  REFERENCE_STRING_FILE,
  REFERENCE_STRING_HOSTS,
  type FoundReferenceString,
  type ReferenceStringPlaces,
} from './reference-string/find.node';
