import type { Address } from '@communique-tee/vsock';

/** Something that runs an enclave: the development build as a process, or an image in the emulator. */
export interface Machine {
  /** Where the enclave's HTTP listens. */
  readonly address: Address;
  /** Path of the vsock device's socket: the enclave's connections to port N of the parent arrive at `<vsock>_<N>`. */
  readonly vsock: string;
  /** Resolves when it listens. */
  start(): Promise<void>;
  /** Kills the enclave, as the parent can at any time; per-process keys end with it. */
  kill(): Promise<void>;
  isRunning(): boolean;
  /** Bytes of memory that it holds; null if unknown. */
  memoryBytes(): number | null;
  /** Everything that the parent can read of it, from every start: log and console. */
  output(): string;
  stop(): Promise<void>;
}
