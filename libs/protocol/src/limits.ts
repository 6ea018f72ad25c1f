/** Sizes and times that every boundary agrees on. Bytes unless the name says otherwise. */
export const LIMITS = {
  /** The padded plain text of a sealed message, its length prefix included: the largest size bucket. */
  maxPaddedPlaintextBytes: 256 * 1024,
  /** A sealed message in its CBOR form: the largest padded text, its tag, and the header around them. */
  maxSealedMessageBytes: 256 * 1024 + 256,
  /** A sealed message in its JSON form: base64url of the above (4/3) and the member names. */
  maxSealedMessageJsonBytes: 360 * 1024,
  /** Nesting of any CBOR or JSON that crosses a boundary. */
  maxDepth: 8,
  /** CBOR data items in one message. */
  maxItems: 4096,
  /** How far ahead a message may expire: seven days. */
  maxLifetimeSeconds: 7 * 24 * 3600,
  /** Offices that one message may name: a House member, two senators, and a delegate's room to spare. */
  maxOffices: 4,
  /** A client's nonce for an attestation document; the NSM takes up to 512. */
  minNonceBytes: 16,
  maxNonceBytes: 64,
  /** A relay answer: a receipt with its attestation document (at most 16 KiB) and a sealed answer. */
  maxRelayAnswerBytes: 128 * 1024,
} as const;
