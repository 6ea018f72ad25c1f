import { POLY1305_TAG_BYTES, XCHACHA_NONCE_BYTES, isPaddedLength, type SealedAnswer } from '@communique-tee/protocol';
import { CryptoError } from './errors';
import { pad, unpad } from './padding';
import type { Primitives } from './primitives/primitives';

/**
 * In bytes. Answers are padded to at least this length, so that the length does not reveal the outcome or the number of wrong fields. A test
 * checks that the enclave's longest answer fits.
 */
const SMALLEST_ANSWER_BUCKET = 8192;

/** The 32-byte key of the answers to one sealed message or task. It opens only these answers. */
export type AnswerKey = Uint8Array;

/** Pads, seals and opens answers with XChaCha20-Poly1305. The associated data must name the message. */
export function createAnswerSealing<PrivateKey>(
  primitives: Primitives<PrivateKey>,
  smallestBucket = SMALLEST_ANSWER_BUCKET,
  largestBucket = Infinity,
) {
  return {
    seal(answerKey: AnswerKey, associatedData: Uint8Array, plaintext: Uint8Array): SealedAnswer {
      const nonce = primitives.randomBytes(XCHACHA_NONCE_BYTES);
      const padded = pad(plaintext, smallestBucket, largestBucket);
      return { nonce, ciphertext: primitives.aeadSeal(answerKey, nonce, associatedData, padded) };
    },

    /** @throws CryptoError `ERR_CRYPTO_OPEN` */
    open(answerKey: AnswerKey, associatedData: Uint8Array, answer: SealedAnswer): Uint8Array {
      const length = answer.ciphertext.length - POLY1305_TAG_BYTES;
      const wellFormed =
        answer.nonce.length === XCHACHA_NONCE_BYTES &&
        isPaddedLength(length) &&
        length >= smallestBucket &&
        length <= largestBucket;
      const padded = wellFormed
        ? primitives.aeadOpen(answerKey, answer.nonce, associatedData, answer.ciphertext)
        : undefined;
      const plaintext = padded && unpad(padded);
      if (!plaintext) throw new CryptoError('ERR_CRYPTO_OPEN');
      return plaintext;
    },
  };
}
