import type { Parent } from './parent';

/** The set-up of the enclave under attack. */
export interface EnclaveOptions {
  /** `process` (default): the keys end with the enclave. `kms`: KMS guards the keys, and the enclave has none until keys are offered. */
  readonly custody?: 'process' | 'kms';
  /** Whether the chambers recognize a repeated message; by default true. */
  readonly deduplicates?: boolean;
  /** Whether the enclave opens messages in the suite of the web client (legacy); by default false. */
  readonly legacySuite?: boolean;
  /** Changes the configuration in any other way. */
  readonly configure?: (configuration: Record<string, unknown>) => Record<string, unknown>;
  /** Measurements in place of the image's, by PCR index: those of another image, or zeros as in debug mode. */
  readonly pcrs?: ReadonlyMap<number, Uint8Array>;
}

export interface Attack {
  /** The promise that must hold, as subject, verb and condition. */
  readonly title: string;
  readonly enclave?: EnclaveOptions;
  /**
   * True if the attack changes the attested time, or does something else that only the process allows. Such an attack does not run on an
   * image.
   */
  readonly processOnly?: boolean;
  /** Returns why the attack cannot run on this machine; null if it can. */
  readonly cannotRun?: () => string | null;
  readonly run: (parent: Parent) => Promise<void>;
}

/** Returns the attack. The result is the default export of an attack's file. */
export function attack(attack: Attack): Attack {
  return attack;
}
