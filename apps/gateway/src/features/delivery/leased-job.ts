/** One message that only this worker may relay until its lease ends. */
export interface LeasedJob {
  readonly messageId: string;
  /** In CBOR. */
  readonly sealed: Uint8Array;
  /** 16 bytes: the id of the key to which the message is sealed. */
  readonly keyId: Uint8Array;
  /** 32 bytes. */
  readonly sealedSha256: Uint8Array;
  /** Identifies this lease. A write with another value has no effect. */
  readonly leaseOwner: string;
  /** The number of this attempt, from 1. */
  readonly attempt: number;
  /** Whether the message had expired by the database's clock when it was leased. */
  readonly expired: boolean;
  /** An earlier attempt was sent and got no answer, so its outcome is unknown. */
  readonly dispatchedBefore: boolean;
  /** In an earlier attempt, answered or not, a byte of the message may have left a gateway. */
  readonly relayedBefore: boolean;
  /** The message has a proof of residence. Its nullifier must not be used up without a delivery. */
  readonly proven: boolean;
  /** Money is reserved for the message, until its end settles the reservation. */
  readonly priced: boolean;
  /** The last interim receipt, verified when it was stored; null if there is none. */
  readonly interimReceipt: string | null;
}
