import { seal, type AnswerKey } from '@communique-tee/crypto/browser';
import {
  DEFAULT_SUITE,
  MESSAGE_ID_BYTES,
  encodeCongressMessage,
  encodeSealedMessage,
  messageIdFromText,
  messageIdToText,
  validateCongressMessage,
  type CongressMessage,
  type SealedMessage,
} from '@communique-tee/protocol';
import { sha256 } from '@noble/hashes/sha2.js';
import type { EnclaveKey } from './enclave-key';
import { ClientError } from './errors';

/** A sealed message, and what its sender needs to follow it. */
export interface PreparedMessage {
  /** A UUID. */
  id: string;
  message: SealedMessage;
  /** The CBOR form of the sealed message. */
  sealed: Uint8Array;
  /**
   * Only for a message with a proof of residence: the bytes posted instead of `sealed`, and 32 bytes that give access to
   * its status without a token.
   */
  proven?: { envelope: Uint8Array; statusSecret: Uint8Array };
  /** SHA-256 of `sealed`, 32 bytes. */
  sealedSha256: Uint8Array;
  /** Opens the enclave's answer. */
  answerKey: AnswerKey;
}

export interface PrepareOptions {
  /** How long the message may wait for delivery. The default is a day, the maximum seven days. */
  lifetimeSeconds?: number;
  /** Unix time. The default is this machine's clock. */
  nowSeconds?: number;
  /** Unix time at which the message expires at the latest: the earlier end of the proof's two notes. */
  notAfterSeconds?: number;
  /** 32 bytes, for a message with a proof of residence. The default is null. */
  nullifier?: Uint8Array;
  /**
   * A UUID. The default is a random one. To seal a message again that ended as `key_retired`, give its id. With the same content and
   * delivery secret, its DeliveryIds stay the same. Then a chamber that recognizes DeliveryIds delivers no copy twice.
   */
  id?: string;
}

/** Returns a fresh 32-byte secret for DeliveryIds. Keep it with the draft: sealing the message again needs the same secret. */
export function createDeliverySecret(): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(32));
}

/**
 * Checks the message as the enclave will, and seals it to a verified key.
 * @throws ClientError `message_invalid` with every field that is wrong; ProtocolError for an `id` that is no UUID
 */
export function prepareMessage(
  content: CongressMessage,
  key: EnclaveKey,
  options: PrepareOptions = {},
): PreparedMessage {
  const checked = validateCongressMessage(content);
  if (!checked.ok)
    throw new ClientError('message_invalid', 'Congress would not accept this message', { problems: checked.problems });
  const messageId =
    options.id === undefined ? crypto.getRandomValues(new Uint8Array(MESSAGE_ID_BYTES)) : messageIdFromText(options.id);
  const nowSeconds = Math.floor(options.nowSeconds ?? Date.now() / 1000);
  const lifetime = lifetimeWithin(
    options.lifetimeSeconds ?? 24 * 3600,
    (options.notAfterSeconds ?? Infinity) - nowSeconds,
  );
  const { message, answerKey } = seal({
    suite: DEFAULT_SUITE,
    publicKey: key.publicKey,
    keyId: key.keyId,
    messageId,
    expiresAtSeconds: nowSeconds + lifetime,
    nullifier: options.nullifier ?? null,
    plaintext: encodeCongressMessage(checked.message),
  });
  const sealed = encodeSealedMessage(message);
  return { id: messageIdToText(messageId), message, sealed, sealedSha256: sha256(sealed), answerKey };
}

/**
 * Returns the wanted lifetime if it fits into `leftSeconds`. Otherwise returns the largest fitting power of two in seconds (18 hours,
 * 9 hours, and so on): an expiry exactly at a campaign's end would show the gateway which campaign it is.
 */
function lifetimeWithin(wantedSeconds: number, leftSeconds: number): number {
  return wantedSeconds <= leftSeconds ? wantedSeconds : 2 ** Math.floor(Math.log2(Math.max(1, leftSeconds)));
}
