import {
  ENCAPSULATED_KEY_BYTES,
  POLY1305_TAG_BYTES,
  XCHACHA_NONCE_BYTES,
  associatedData,
  isPaddedLength,
  keyIdBy,
  type SealedAnswer,
  type SealedHeader,
  type SealedMessage,
} from '@communique-tee/protocol';
import { CryptoError } from './errors';
import { exportOnlyHpke } from './export-only';
import { createAnswerSealing, type AnswerKey } from './answers';
import { pad, unpad } from './padding';
import type { KeyPair, Primitives } from './primitives/primitives';

const encoder = new TextEncoder();
const INFO = encoder.encode('communique-tee sealed message v1');
const REQUEST = encoder.encode('request');
const ANSWER = encoder.encode('answer');

export interface SealInput extends SealedHeader {
  /** The enclave's X25519 key, 32 bytes, out of a verified attestation document. */
  publicKey: Uint8Array;
  /** At most 262,140 bytes. */
  plaintext: Uint8Array;
}

/** The construction of architecture.md ("Sealed messages") over one set of primitives. */
export function createSealing<PrivateKey>(primitives: Primitives<PrivateKey>) {
  const hpke = exportOnlyHpke(primitives, INFO);
  const answers = createAnswerSealing(primitives);

  return {
    generateKeyPair: () => primitives.generateKeyPair(),

    /** 32 raw bytes of an X25519 private key. */
    importPrivateKey: (raw: Uint8Array) => primitives.importPrivateKey(raw),

    /** 16 bytes. */
    keyIdOf: (publicKey: Uint8Array): Uint8Array => keyIdBy(primitives.sha256, publicKey),

    /**
     * Seals a text to an enclave's key.
     * @example
     * const { message, answerKey } = seal({ publicKey, suite: DEFAULT_SUITE, keyId, messageId, expiresAtSeconds, nullifier: null, plaintext });
     * @throws CryptoError `ERR_CRYPTO_TOO_LARGE` | `ERR_CRYPTO_PUBLIC_KEY`
     */
    seal(input: SealInput): { message: SealedMessage; answerKey: AnswerKey } {
      const padded = pad(input.plaintext);
      const { encapsulatedKey, exportSecret } = hpke.setupSender(input.publicKey);
      const { suite, keyId, messageId, expiresAtSeconds, nullifier } = input;
      const header: SealedHeader = { suite, keyId, messageId, expiresAtSeconds, nullifier };
      const nonce = primitives.randomBytes(XCHACHA_NONCE_BYTES);
      const ciphertext = primitives.aeadSeal(exportSecret(REQUEST), nonce, associatedData(header), padded);
      return { message: { ...header, encapsulatedKey, nonce, ciphertext }, answerKey: exportSecret(ANSWER) };
    },

    /**
     * Opens a sealed message. Whatever is wrong with it, the error is the same one.
     * @throws CryptoError `ERR_CRYPTO_OPEN`
     */
    open(own: KeyPair<PrivateKey>, message: SealedMessage): { plaintext: Uint8Array; answerKey: AnswerKey } {
      const wellFormed =
        isPaddedLength(message.ciphertext.length - POLY1305_TAG_BYTES) &&
        message.nonce.length === XCHACHA_NONCE_BYTES &&
        message.encapsulatedKey.length === ENCAPSULATED_KEY_BYTES;
      if (!wellFormed) throw new CryptoError('ERR_CRYPTO_OPEN');
      const exportSecret = hpke.setupReceiver(own, message.encapsulatedKey);
      const padded = primitives.aeadOpen(
        exportSecret(REQUEST),
        message.nonce,
        associatedData(message),
        message.ciphertext,
      );
      const plaintext = padded && unpad(padded);
      if (!plaintext) throw new CryptoError('ERR_CRYPTO_OPEN');
      return { plaintext, answerKey: exportSecret(ANSWER) };
    },

    /** Seals an answer to the sender of the message whose header is given. Every answer takes a fresh random nonce. */
    sealAnswer: (answerKey: AnswerKey, header: SealedHeader, plaintext: Uint8Array): SealedAnswer =>
      answers.seal(answerKey, associatedData(header), plaintext),

    /** @throws CryptoError `ERR_CRYPTO_OPEN`, also for the answer to another message. */
    openAnswer: (answerKey: AnswerKey, header: SealedHeader, answer: SealedAnswer): Uint8Array =>
      answers.open(answerKey, associatedData(header), answer),
  };
}

export type Sealing<PrivateKey> = ReturnType<typeof createSealing<PrivateKey>>;
