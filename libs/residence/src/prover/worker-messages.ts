// The messages between a prover and its worker. A worker has one question at a time.
import type { CircuitInputs } from '../witness';
import type { ProvingErrorCode, ProvingState } from './proving';

/** The loaded files of a worker. A worker in Node gets them from its prover. A worker in a browser loads them from `Addresses`. */
export interface Loaded {
  /** The proof system, from @aztec/bb.js. */
  readonly barretenberg: WebAssembly.Module;
  /** The solver, from @noir-lang/acvm_js. */
  readonly acvm: WebAssembly.Module;
  /** 262,208 bytes. The worker compares their hash with the pinned one. */
  readonly referenceString: Uint8Array;
}

/** Addresses on the page's own origin. */
export interface Addresses {
  readonly barretenberg: string;
  readonly acvm: string;
  readonly referenceString: string;
}

export interface ProvingQuestion<Source = Loaded | Addresses> {
  readonly inputs: CircuitInputs;
  /** Used only for the first question. */
  readonly source: Source;
}

export type ProvingReport =
  | { readonly state: ProvingState }
  | { readonly proof: Uint8Array; readonly publicInputs: readonly Uint8Array[] }
  | { readonly failed: ProvingErrorCode };
