import type { Parent } from './parent';

export interface EnclaveOptions {
  /** `process` (default): the keys end with the enclave. `kms`: KMS guards the keys, and the enclave has none until keys are offered. */
  readonly custody?: 'process' | 'kms';
  /** Whether the chambers recognize a repeated message; by default true. */
  readonly deduplicates?: boolean;
  /** Whether the enclave opens messages in the suite of the web client (legacy); by default false. */
  readonly legacySuite?: boolean;
  /** Changes the configuration in a way that no other option offers. */
  readonly configure?: (configuration: Record<string, unknown>) => Record<string, unknown>;
  /** Measurements in place of the image's, by PCR index: those of another image, or zeros as in debug mode. */
  readonly pcrs?: ReadonlyMap<number, Uint8Array>;
}

export interface Attack {
  /** The promise that must hold, as subject, verb and condition. */
  readonly title: string;
  readonly enclave?: EnclaveOptions;
  /**
   * True if the attack needs an enclave that runs as a process, for example to change the attested time. Such an attack does not run against
   * an image.
   */
  readonly processOnly?: boolean;
  /** Returns why the attack cannot run on this machine; null if it can. */
  readonly cannotRun?: () => string | null;
  readonly run: (parent: Parent) => Promise<void>;
}

/** Checks the type of an attack. Each file in test/lab/attacks exports the result by default. */
export function attack(attack: Attack): Attack {
  return attack;
}
