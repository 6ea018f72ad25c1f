/** Verifies proofs of residence. For Node. */
export { createVerifier, VerifierBusyError, type Verdict, type Verifier, type VerifierOptions } from './verifier.node';
