// The messages between a verifier and its worker threads. A thread has one question at a time, so messages need no numbers.

export interface ThreadData {
  readonly module: WebAssembly.Module;
  readonly verificationKey: Uint8Array;
}

export interface ThreadQuestion {
  readonly publicInputs: readonly Uint8Array[];
  readonly proof: Uint8Array;
}

export interface ThreadVerdict {
  readonly valid: boolean;
  /** The text of the error, if Barretenberg threw. */
  readonly threw?: string;
}
