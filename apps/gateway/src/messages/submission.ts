import { createHash } from 'node:crypto';
import { encodeSealedMessage, LIMITS, messageIdToText, type SealedMessage } from '@communique-tee/protocol';

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
  const sealed = encodeSealedMessage(message);
  return {
    messageId: messageIdToText(message.messageId),
    keyId: new Uint8Array(message.keyId),
    expiresAt: new Date(message.expiresAtSeconds * 1000),
    sealed: new Uint8Array(sealed),
    sealedSha256: new Uint8Array(createHash('sha256').update(sealed).digest()),
  };
}

/** Whether it expires in the future, and not more than LIMITS.maxLifetimeSeconds ahead. */
export function mayStillExpire(submission: Submission, now: Date): boolean {
  const aheadMs = submission.expiresAt.getTime() - now.getTime();
  return aheadMs > 0 && aheadMs <= LIMITS.maxLifetimeSeconds * 1000;
}
