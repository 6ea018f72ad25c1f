import type { KeyId } from './attestation-judge';

/** What an enclave last reported of its keys, in its unsigned answer to `POST /keys`. */
export interface ReportedKeys {
  /** `process`, or the ARN of the KMS alias that guards its keys. */
  readonly custody: string;
  /** `waiting`: it takes no messages yet. */
  readonly state: 'waiting' | 'ready';
  readonly current: KeyId | null;
  /** When the record of the current key was stored; null if there is no record. */
  readonly currentSince: Date | null;
  /** All keys that it opens messages with; null for an older enclave that does not list them. */
  readonly held: readonly KeyId[] | null;
  /** Of the same keys, the ids of their pairs of the legacy suite; absent if that is switched off. */
  readonly heldLegacy?: readonly KeyId[];
  /** Why its last call of KMS failed; null when it did not. */
  readonly kms: string | null;
}
