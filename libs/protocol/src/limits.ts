/** Sizes and times that every boundary agrees on. Bytes unless the name states another unit. */
export const LIMITS = {
  /** The padded plain text of a sealed message, its length prefix included: the largest size bucket. */
  maxPaddedPlaintextBytes: 256 * 1024,
  /** A sealed message in its CBOR form: the largest padded text, its tag, and the header around them. */
  maxSealedMessageBytes: 256 * 1024 + 256,
  /** The length of every proof of residence (UltraHonk, target `evm`). */
  proofBytes: 6848,
  /** A registrar's signed note about a root, and one about a campaign, in UTF-8. */
  maxRootNoteBytes: 600,
  maxCampaignNoteBytes: 400,
  /** The longest that an operator may let a campaign last. The gateway keeps a used nullifier for eight days more. */
  maxCampaignDays: 90,
  /** The most that a client posts in CBOR: a sealed message, its proof, its root note, and the frame around them. */
  maxEnvelopeBytes: 256 * 1024 + 256 + 7680,
  /** The same in JSON: base64url (4/3) and the member names. */
  maxEnvelopeJsonBytes: 360 * 1024,
  /** Nesting of any CBOR or JSON that crosses a boundary. */
  maxDepth: 8,
  /** CBOR data items in one message. */
  maxItems: 4096,
  /** How far ahead a message may expire: seven days. */
  maxLifetimeSeconds: 7 * 24 * 3600,
  /** Offices that one message may name: a House office, two Senate offices, and one to spare. */
  maxOffices: 4,
  /** A client's nonce for an attestation document; the NSM takes up to 512 bytes. */
  minNonceBytes: 16,
  maxNonceBytes: 64,
  /** A relay answer: a receipt with its attestation document (at most 16 KiB) and a sealed answer. */
  maxRelayAnswerBytes: 128 * 1024,
  /** UTF-8 of an agent task's text. */
  maxTaskTextBytes: 16_384,
  /** The padded plain text of a sealed task: the largest of its size buckets. */
  maxTaskPlaintextBytes: 32 * 1024,
  /** A task in its CBOR form: the largest padded plain text, its tag, and the headers around them. */
  maxAgentRequestBytes: 32 * 1024 + 256,
  /** The same in JSON: base64url (4/3) and the member names. */
  maxAgentRequestJsonBytes: 46 * 1024,
  /** How far ahead a task may expire: ten minutes. */
  maxTaskLifetimeSeconds: 600,
  /**
   * How long the gateway gives a task, unless its operator sets another time. The enclave's exchange with a provider ends five seconds
   * before that, and a client waits ten seconds longer.
   */
  taskSeconds: 90,
  /** UTF-8 of the text that a model wrote. */
  maxAnswerTextBytes: 12_000,
  /** A reply to a task: a sealed answer, a usage statement, and its attestation document (at most 16 KiB). */
  maxAgentReplyBytes: 48 * 1024,
} as const;
