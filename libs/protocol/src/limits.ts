/** Limits of size and time for clients, gateway and enclave. */
export const LIMITS = {
  /** The padded plain text of a sealed message, with its length prefix. It is the largest size bucket. */
  maxPaddedPlaintextBytes: 256 * 1024,
  /** A sealed message in its CBOR form: the largest padded text, its tag, and the header around them. */
  maxSealedMessageBytes: 256 * 1024 + 256,
  /** Every proof of residence has this length (UltraHonk, target `evm`). */
  proofBytes: 6848,
  /** In UTF-8. */
  maxRootNoteBytes: 600,
  /** In UTF-8. */
  maxCampaignNoteBytes: 400,
  /** The longest campaign that an operator can allow. The gateway keeps a used nullifier for eight days more. */
  maxCampaignDays: 90,
  /** An envelope in CBOR: a sealed message, its proof, its root note, and the frame around them. */
  maxEnvelopeBytes: 256 * 1024 + 256 + 7680,
  /** An envelope in JSON: base64url (4/3) and the member names. */
  maxEnvelopeJsonBytes: 360 * 1024,
  /** Levels of nesting in any CBOR or JSON. */
  maxDepth: 8,
  /** Data items of CBOR, or members of JSON. */
  maxItems: 4096,
  /** How far ahead a message may expire: seven days. */
  maxLifetimeSeconds: 7 * 24 * 3600,
  /** Offices that one message may name: a House office, two Senate offices, and one to spare. */
  maxOffices: 4,
  /** A client's nonce for an attestation document. The NSM accepts up to 512 bytes. */
  minNonceBytes: 16,
  maxNonceBytes: 64,
  /** The enclave's answer to a message: a receipt with its attestation document (at most 16 KiB) and a sealed answer. */
  maxRelayAnswerBytes: 128 * 1024,
  /** UTF-8 of an agent task's text. */
  maxTaskTextBytes: 16_384,
  /** The padded plain text of a sealed task: the largest of its size buckets. */
  maxTaskPlaintextBytes: 32 * 1024,
  /** A task in its CBOR form: the largest padded plain text, its tag, and the headers around them. */
  maxAgentRequestBytes: 32 * 1024 + 256,
  /** A task in JSON: base64url (4/3) and the member names. */
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
