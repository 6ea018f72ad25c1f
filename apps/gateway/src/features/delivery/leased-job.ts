/** One message that only this worker may relay until its lease ends. */
export interface LeasedJob {
  readonly messageId: string;
  /** The sealed message in its CBOR form. */
  readonly sealed: Uint8Array;
  /** 16 bytes: the id of the key to which the message is sealed. */
  readonly keyId: Uint8Array;
  /** 32 bytes. */
  readonly sealedSha256: Uint8Array;
  /** Names this lease; a write under another name has no effect. */
  readonly leaseOwner: string;
  /** The number of this attempt, from 1. */
  readonly attempt: number;
  /** Whether the message had expired by the database's clock when it was leased. */
  readonly expired: boolean;
  /** An earlier attempt was sent and never answered: its outcome is unknown. */
  readonly dispatchedBefore: boolean;
  /** A byte of the message may have left a gateway in an earlier attempt, whether that was answered or not. */
  readonly relayedBefore: boolean;
  /** The message has a proof of residence, and with it a nullifier that must not be used up without a delivery. */
  readonly proven: boolean;
  /** Money is reserved for the message; the end of the message settles the reservation. */
  readonly priced: boolean;
  /** The last interim receipt, verified when it was stored; null if there is none. */
  readonly interimReceipt: string | null;
}
