import type { Parent } from './parent';

/** How the enclave under attack is set up. */
export interface EnclaveOptions {
  /** `process` (default): keys end with the enclave. `kms`: KMS seals them, and nothing is held before keys are offered. */
  readonly custody?: 'process' | 'kms';
  /** Whether the chambers recognize a repeated message; default true. */
  readonly deduplicates?: boolean;
  /** Whether the suite of the web client (legacy) is on. */
  readonly legacySuite?: boolean;
  /** Any other change of the configuration. */
  readonly configure?: (configuration: Record<string, unknown>) => Record<string, unknown>;
  /** Other measurements than the image's, by index: another image, or zeros as in debug mode. */
  readonly pcrs?: ReadonlyMap<number, Uint8Array>;
}

export interface Attack {
  /** What must hold: subject, verb, condition. */
  readonly title: string;
  readonly enclave?: EnclaveOptions;
  /** True if the attack changes the attested time or needs another means that only the process offers; it then does not run on an image. */
  readonly processOnly?: boolean;
  /** Returns why the attack cannot run on this machine; null if it can. */
  readonly cannotRun?: () => string | null;
  readonly run: (parent: Parent) => Promise<void>;
}

/** Default export of an attack's file. */
export function attack(attack: Attack): Attack {
  return attack;
}
