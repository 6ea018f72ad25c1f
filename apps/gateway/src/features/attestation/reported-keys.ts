import type { KeyId } from './attestation-judge';

/** What an enclave last reported about its keys, in its unsigned answer to `POST /keys`. */
export interface ReportedKeys {
  /** `process`, or the ARN of the KMS alias that guards its keys. */
  readonly custody: string;
  /** `waiting`: the enclave takes no messages yet. */
  readonly state: 'waiting' | 'ready';
  readonly current: KeyId | null;
  /** When the current key's record was stored in the database; null if there is no record. */
  readonly currentSince: Date | null;
  /** The ids of all keys with which the enclave opens messages. Null: an older enclave, which does not report them. */
  readonly held: readonly KeyId[] | null;
  /** The ids that these keys have in the legacy suite; absent if the enclave has switched that suite off. */
  readonly heldLegacy?: readonly KeyId[];
  /** Why the enclave's last request to KMS failed; null if it succeeded. */
  readonly kms: string | null;
}
