/** One message that only this worker may relay until its lease ends. */
export interface LeasedJob {
  readonly messageId: string;
  /** The sealed message in its CBOR form. */
  readonly sealed: Uint8Array;
  /** 16 bytes: the key it is sealed to. */
  readonly keyId: Uint8Array;
  /** 32 bytes. */
  readonly sealedSha256: Uint8Array;
  /** Names this lease; a write under another name has no effect. */
  readonly leaseOwner: string;
  /** Counted from 1, this one included. */
  readonly attempt: number;
  /** By the database's clock, when it was leased. */
  readonly expired: boolean;
  /** An earlier attempt was sent and never answered: its outcome is unknown. */
  readonly dispatchedBefore: boolean;
  /** A byte of it may have left this gateway in an earlier attempt, answered or not. */
  readonly relayedBefore: boolean;
  /** The message has a proof of residence, and with it a nullifier that must not be used up without a delivery. */
  readonly proven: boolean;
  /** Money is reserved for it, which its end settles. */
  readonly priced: boolean;
  /** The last interim receipt, verified when it was stored; null if there is none. */
  readonly interimReceipt: string | null;
}
