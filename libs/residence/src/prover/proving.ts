// Types that the prover for Node and the prover for browsers share.
import type { PublicInputs } from '../statement';
import type { Witness } from '../witness';

/** What the prover does, in order: loads the proof system (only for the first proof), solves the witness, makes the proof. */
export type ProvingState = 'loading' | 'solving' | 'proving';

export interface ProveOptions {
  readonly onProgress?: (state: ProvingState) => void;
  /** Stops the work at once. The promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface ProofOfResidence {
  /** `PROOF_BYTES`. Proofs are randomized: two proofs of one witness differ. */
  readonly proof: Uint8Array;
  readonly publicInputs: PublicInputs;
}

/** @throws ProvingError (rejects) */
export type Prove = (witness: Witness, options?: ProveOptions) => Promise<ProofOfResidence>;

export interface Prover {
  readonly prove: Prove;
  /** Ends the worker. A proof that is being made is rejected. */
  close(): void;
}

export type ProvingErrorCode =
  /** The reference string is missing, or is not the pinned one. */
  | 'ERR_PROVING_NO_REFERENCE_STRING'
  /** A file of the prover could not be loaded, or is not the pinned one. In a browser this includes a gateway that does not answer. */
  | 'ERR_PROVING_FILES'
  /** The device has too little memory, or does not run WebAssembly. */
  | 'ERR_PROVING_DEVICE'
  /** The witness does not satisfy the circuit. */
  | 'ERR_PROVING_WITNESS'
  /** The proof system failed, or the proof that it made does not verify. */
  | 'ERR_PROVING_FAILED'
  /** The worker ended before the proof was made. */
  | 'ERR_PROVING_WORKER_ENDED'
  /** The prover was closed. */
  | 'ERR_PROVING_CLOSED';

const MESSAGES: Readonly<Record<ProvingErrorCode, string>> = {
  ERR_PROVING_NO_REFERENCE_STRING: 'the reference string that proving needs could not be loaded',
  ERR_PROVING_FILES: 'a file that proving needs could not be loaded',
  ERR_PROVING_DEVICE: 'this device has too little memory for a proof, or does not run WebAssembly',
  ERR_PROVING_WITNESS: 'these values do not satisfy the statement',
  ERR_PROVING_FAILED: 'the proof could not be made',
  ERR_PROVING_WORKER_ENDED: 'the worker that makes the proof ended',
  ERR_PROVING_CLOSED: 'the prover was closed',
};

/** An error with a fixed text and no cause, because errors of the proof system may contain values of the witness. */
export class ProvingError extends Error {
  override readonly name = 'ProvingError';

  constructor(readonly code: ProvingErrorCode) {
    super(MESSAGES[code]);
  }
}
