import { createHash } from 'node:crypto';
import { legacyMessageId } from '@communique-tee/crypto';
import {
  encodeLegacyMessage,
  encodeSealedMessage,
  LIMITS,
  type LegacyMessage,
  messageIdToText,
  type SealedMessage,
} from '@communique-tee/protocol';

/** A sealed message as it is stored and relayed. */
export interface Submission {
  readonly messageId: string;
  /** 16 bytes. */
  readonly keyId: Uint8Array<ArrayBuffer>;
  readonly expiresAt: Date;
  /** The canonical CBOR form, whatever form it came in. */
  readonly sealed: Uint8Array<ArrayBuffer>;
  /** SHA-256 of `sealed`, 32 bytes. */
  readonly sealedSha256: Uint8Array<ArrayBuffer>;
}

export function submissionOf(message: SealedMessage): Submission {
  const { messageId, keyId, expiresAtSeconds } = message;
  return submission(encodeSealedMessage(message), messageId, keyId, new Date(expiresAtSeconds * 1000));
}

/** Its id is made of its ciphertext, and it is tried for as long as any message is. */
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
  };
}

/** Whether it expires in the future, and not more than LIMITS.maxLifetimeSeconds ahead. */
export function mayStillExpire(submission: Submission, now: Date): boolean {
  const aheadMs = submission.expiresAt.getTime() - now.getTime();
  return aheadMs > 0 && aheadMs <= LIMITS.maxLifetimeSeconds * 1000;
}
