// The messages between a prover and its worker. A worker has one question at a time.
import type { CircuitInputs } from '../witness';
import type { ProvingErrorCode, ProvingState } from './proving';

/** The files that a worker in Node uses, as values. A worker in a browser gets addresses below the page's own origin instead. */
export interface Loaded {
  /** @aztec/bb.js's proof system. */
  readonly barretenberg: WebAssembly.Module;
  /** @noir-lang/acvm_js's solver. */
  readonly acvm: WebAssembly.Module;
  /** 262,208 bytes, checked by the worker against the pinned hash. */
  readonly referenceString: Uint8Array;
}

export interface Addresses {
  readonly barretenberg: string;
  readonly acvm: string;
  readonly referenceString: string;
}

export interface ProvingQuestion<Source = Loaded | Addresses> {
  readonly inputs: CircuitInputs;
  /** Used for the first question only. */
  readonly source: Source;
}

export type ProvingReport =
  | { readonly state: ProvingState }
  | { readonly proof: Uint8Array; readonly publicInputs: readonly Uint8Array[] }
  | { readonly failed: ProvingErrorCode };
