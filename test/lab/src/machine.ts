import type { Address } from '@communique-tee/vsock';

/** A machine that runs an enclave: the development build as a process, or an image in the emulator. */
export interface Machine {
  /** The address of the enclave's HTTP server. */
  readonly address: Address;
  /** Path of the vsock device's socket: the enclave's connections to port N of the parent arrive at `<vsock>_<N>`. */
  readonly vsock: string;
  /** Starts the enclave, and resolves when it listens. */
  start(): Promise<void>;
  /** Kills the enclave, as the parent can at any time. Per-process keys end with the enclave. */
  kill(): Promise<void>;
  isRunning(): boolean;
  /** Returns how many bytes of memory the enclave holds; null if unknown. */
  memoryBytes(): number | null;
  /** Returns everything that the parent can read, from all starts: log and console. */
  output(): string;
  stop(): Promise<void>;
}
