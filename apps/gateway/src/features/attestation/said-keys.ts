import type { KeyId } from './attestation-judge';

/** What an enclave said of its keys when it was last handed what it keeps them by (`POST /keys`). Nothing of it is signed. */
export interface SaidKeys {
  /** `process`, or the ARN of the KMS alias that guards its keys. */
  readonly custody: string;
  /** `waiting`: it takes no messages yet. */
  readonly state: 'waiting' | 'ready';
  readonly current: KeyId | null;
  /** When the record of the current key was stored; null where there is none. */
  readonly currentSince: Date | null;
  /** All keys that it opens messages with; null where it is from before there were several. */
  readonly held: readonly KeyId[] | null;
  /** Of the same keys, the ids of their pairs of the legacy suite; absent where that is switched off. */
  readonly heldLegacy?: readonly KeyId[];
  /** Why KMS was of no use to it when it last asked; null where it was. */
  readonly kms: string | null;
}
