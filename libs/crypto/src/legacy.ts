import {
  POLY1305_TAG_BYTES,
  XCHACHA_NONCE_BYTES,
  encodeCanonical,
  type LegacyMessage,
  type SealedAnswer,
} from '@communique-tee/protocol';
import { blake2b } from '@noble/hashes/blake2.js';
import { createAnswerSealing, type AnswerKey } from './answers';
import { CryptoError } from './errors';
import type { KeyPair, Primitives } from './primitives/primitives';
import { sharedSecret } from './primitives/shared-secret';

const encoder = new TextEncoder();
/** The key with which the web client (legacy) calls BLAKE2b. */
const MESSAGE_KEY = encoder.encode('commons-witness-encryption-v1');
const ANSWER_KEY = encoder.encode('communique-tee legacy answer v1');
const DELIVERY_SECRET = encoder.encode('communique-tee legacy delivery secret v1');
const MESSAGE_ID_DOMAIN = encoder.encode('communique-tee legacy message id v1');
const NO_ASSOCIATED_DATA = new Uint8Array();
const MESSAGE_ID_BYTES = 16;

/** BLAKE2b-256 (RFC 7693) of `message` under `key`. */
const keyed = (key: Uint8Array, message: Uint8Array): Uint8Array => blake2b(message, { dkLen: 32, key });

/**
 * The suite of the web client (legacy). Its messages have no message id, answer key or delivery secret. The enclave derives the id from
 * the ciphertext, and the other two from the shared secret of the key exchange, which only sender and enclave know.
 */
export function createLegacySealing<PrivateKey>(primitives: Primitives<PrivateKey>) {
  const answers = createAnswerSealing(primitives);

  const id = (ciphertext: Uint8Array): Uint8Array => {
    const input = new Uint8Array(MESSAGE_ID_DOMAIN.length + ciphertext.length);
    input.set(MESSAGE_ID_DOMAIN);
    input.set(ciphertext, MESSAGE_ID_DOMAIN.length);
    return primitives.sha256(input).slice(0, MESSAGE_ID_BYTES);
  };
  /** Returns the associated data that binds an answer to its message. */
  const answerData = ({ keyId, ciphertext }: LegacyMessage): Uint8Array => encodeCanonical([keyId, id(ciphertext)]);

  return {
    /** Returns 16 bytes: the first half of SHA-256 over a domain text and the ciphertext. So the same ciphertext is the same message. */
    legacyMessageId: id,

    /**
     * Opens a message. Every fault gives the same error. The text is the client's JSON. The suite has no padding and no associated data.
     * @returns `answerKey` and `deliverySecret`: 32 bytes each
     * @throws CryptoError `ERR_CRYPTO_OPEN`
     */
    openLegacy(
      own: KeyPair<PrivateKey>,
      message: LegacyMessage,
    ): { plaintext: Uint8Array; answerKey: AnswerKey; deliverySecret: Uint8Array } {
      if (message.ciphertext.length <= POLY1305_TAG_BYTES || message.nonce.length !== XCHACHA_NONCE_BYTES)
        throw new CryptoError('ERR_CRYPTO_OPEN');
      const shared = sharedSecret(primitives, own.privateKey, message.ephemeralKey);
      const plaintext =
        shared &&
        primitives.aeadOpen(keyed(MESSAGE_KEY, shared), message.nonce, NO_ASSOCIATED_DATA, message.ciphertext);
      if (!shared || !plaintext) throw new CryptoError('ERR_CRYPTO_OPEN');
      return { plaintext, answerKey: keyed(ANSWER_KEY, shared), deliverySecret: keyed(DELIVERY_SECRET, shared) };
    },

    sealLegacyAnswer: (answerKey: AnswerKey, message: LegacyMessage, plaintext: Uint8Array): SealedAnswer =>
      answers.seal(answerKey, answerData(message), plaintext),

    /** Opens an answer, for a sender that kept the ephemeral key's shared secret (32 bytes). @throws CryptoError `ERR_CRYPTO_OPEN` */
    openLegacyAnswer: (shared: Uint8Array, message: LegacyMessage, answer: SealedAnswer): Uint8Array =>
      answers.open(keyed(ANSWER_KEY, shared), answerData(message), answer),
  };
}
