import { createHash } from 'node:crypto';
import { legacyMessageId } from '@communique-tee/crypto';
import {
  encodeEnvelope,
  encodeLegacyMessage,
  encodeSealedMessage,
  LIMITS,
  type LegacyMessage,
  messageIdToText,
  type ProvenEnvelope,
  type SealedMessage,
} from '@communique-tee/protocol';
import { messageInput } from '@communique-tee/residence';

/** The values that a verified proof of residence binds to its message. Each has 32 bytes. */
export interface SubmittedProof {
  readonly nullifier: Uint8Array<ArrayBuffer>;
  /** The public input `message`. */
  readonly messageInput: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the status secret. `messageInput` covers this hash. */
  readonly statusSha256: Uint8Array<ArrayBuffer>;
}

/** A sealed message as it is stored and relayed. */
export interface Submission {
  readonly messageId: string;
  /** 16 bytes. */
  readonly keyId: Uint8Array<ArrayBuffer>;
  readonly expiresAt: Date;
  /** The canonical CBOR form, even if the client sent another form. Includes the proof if the message has one. */
  readonly sealed: Uint8Array<ArrayBuffer>;
  /** SHA-256 (32 bytes) of the sealed message without its proof, so a message with a new proof has the same hash. */
  readonly sealedSha256: Uint8Array<ArrayBuffer>;
  readonly proof: SubmittedProof | null;
}

/** A submission with a proof of residence, which may not be verified yet. */
export type ProvenSubmission = Submission & { readonly proof: SubmittedProof };

export function submissionOf(message: SealedMessage): Submission {
  const { messageId, keyId, expiresAtSeconds } = message;
  return submission(encodeSealedMessage(message), messageId, keyId, new Date(expiresAtSeconds * 1000));
}

export function provenSubmissionOf(envelope: ProvenEnvelope): ProvenSubmission {
  const { sealed, residence } = envelope;
  const { nullifier } = sealed;
  if (nullifier === null) throw new TypeError('an envelope with a proof has a nullifier');
  const { statusSha256 } = residence;
  return {
    ...submissionOf(sealed),
    sealed: new Uint8Array(encodeEnvelope(envelope)),
    proof: {
      nullifier: new Uint8Array(nullifier),
      messageInput: new Uint8Array(messageInput(statusSha256, encodeSealedMessage(sealed))),
      statusSha256: new Uint8Array(statusSha256),
    },
  };
}

/** Derives the id from the ciphertext, and sets the latest expiry that a message may have. */
export function legacySubmissionOf(message: LegacyMessage, now = new Date()): Submission {
  const expiresAt = new Date((Math.floor(now.getTime() / 1000) + LIMITS.maxLifetimeSeconds) * 1000);
  return submission(encodeLegacyMessage(message), legacyMessageId(message.ciphertext), message.keyId, expiresAt);
}

function submission(sealed: Uint8Array, messageId: Uint8Array, keyId: Uint8Array, expiresAt: Date): Submission {
  return {
    messageId: messageIdToText(messageId),
    keyId: new Uint8Array(keyId),
    expiresAt,
    sealed: new Uint8Array(sealed),
    sealedSha256: new Uint8Array(createHash('sha256').update(sealed).digest()),
    proof: null,
  };
}

/** Whether the message expires in the future, at most LIMITS.maxLifetimeSeconds from now. */
export function mayStillExpire(submission: Submission, now: Date): boolean {
  const aheadMs = submission.expiresAt.getTime() - now.getTime();
  return aheadMs > 0 && aheadMs <= LIMITS.maxLifetimeSeconds * 1000;
}
