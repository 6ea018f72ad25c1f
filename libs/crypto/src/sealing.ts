import {
  ENCAPSULATED_KEY_BYTES,
  POLY1305_TAG_BYTES,
  TASK_ANSWER_BUCKET,
  TASK_BUCKETS,
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
const REQUEST = encoder.encode('request');
const ANSWER = encoder.encode('answer');

export interface SealInput extends SealedHeader {
  /** The enclave's X25519 key, 32 bytes, from a verified attestation document. */
  publicKey: Uint8Array;
  /** At most 262,140 bytes; for a task, 32,764. */
  plaintext: Uint8Array;
}

/**
 * The kind of content that one service of the enclave opens. Each kind has its own HPKE `info`, so that a service cannot open
 * content that was sealed for another service.
 */
interface Domain {
  readonly info: string;
  /** The smallest size of the padded text, in bytes. The default is 1 KiB. */
  readonly smallestBucket?: number;
  /** The largest size of the padded text, in bytes. The default is 256 KiB. */
  readonly largestBucket?: number;
}

const MESSAGES: Domain = { info: 'communique-tee sealed message v1' };
const TASKS: Domain = {
  info: 'communique-tee sealed task v1',
  smallestBucket: Math.min(...TASK_BUCKETS),
  largestBucket: Math.max(...TASK_BUCKETS),
};

/** Returns the functions that seal and open (docs/message.md, "The sealed form"), made from one set of primitives. */
export function createSealing<PrivateKey>(primitives: Primitives<PrivateKey>) {
  const messages = createDomain(primitives, MESSAGES);
  const tasks = createDomain(primitives, TASKS);
  const answers = createAnswerSealing(primitives);
  const taskAnswers = createAnswerSealing(primitives, TASK_ANSWER_BUCKET, TASK_ANSWER_BUCKET);

  return {
    generateKeyPair: () => primitives.generateKeyPair(),

    /** @param raw an X25519 private key, 32 bytes */
    importPrivateKey: (raw: Uint8Array) => primitives.importPrivateKey(raw),

    /** Returns the id of a public key, 16 bytes. */
    keyIdOf: (publicKey: Uint8Array): Uint8Array => keyIdBy(primitives.sha256, publicKey),

    /**
     * Seals a text to an enclave's key.
     * @example
     * const header = { suite: DEFAULT_SUITE, keyId, messageId, expiresAtSeconds, nullifier: null };
     * const { message, answerKey } = seal({ publicKey, ...header, plaintext });
     * @throws CryptoError `ERR_CRYPTO_TOO_LARGE` | `ERR_CRYPTO_PUBLIC_KEY`
     */
    seal: messages.seal,

    /**
     * Opens a sealed message. Every fault gives the same error.
     * @throws CryptoError `ERR_CRYPTO_OPEN`, also for a sealed task
     */
    open: messages.open,

    /** Seals an answer for the sender of the message with this header. Every answer gets a new random nonce. */
    sealAnswer: (answerKey: AnswerKey, header: SealedHeader, plaintext: Uint8Array): SealedAnswer =>
      answers.seal(answerKey, associatedData(header), plaintext),

    /** @throws CryptoError `ERR_CRYPTO_OPEN`, also for the answer to another message. */
    openAnswer: (answerKey: AnswerKey, header: SealedHeader, answer: SealedAnswer): Uint8Array =>
      answers.open(answerKey, associatedData(header), answer),

    /**
     * Seals an agent task to an enclave's key, padded to one of `TASK_BUCKETS`.
     * @throws CryptoError `ERR_CRYPTO_TOO_LARGE` (over 32,764 bytes) | `ERR_CRYPTO_PUBLIC_KEY`
     */
    sealTask: tasks.seal,

    /** Opens a sealed task. @throws CryptoError `ERR_CRYPTO_OPEN`, also for a sealed message */
    openTask: tasks.open,

    /**
     * Seals the answer to a task, always padded to 16 KiB.
     * @throws CryptoError `ERR_CRYPTO_TOO_LARGE` (over 16,380 bytes)
     */
    sealTaskAnswer: (answerKey: AnswerKey, header: SealedHeader, plaintext: Uint8Array): SealedAnswer =>
      taskAnswers.seal(answerKey, associatedData(header), plaintext),

    /** @throws CryptoError `ERR_CRYPTO_OPEN`, also for the answer to another task, and for one of another length */
    openTaskAnswer: (answerKey: AnswerKey, header: SealedHeader, answer: SealedAnswer): Uint8Array =>
      taskAnswers.open(answerKey, associatedData(header), answer),
  };
}

function createDomain<PrivateKey>(
  primitives: Primitives<PrivateKey>,
  { info, smallestBucket, largestBucket = Infinity }: Domain,
) {
  const hpke = exportOnlyHpke(primitives, encoder.encode(info));

  return {
    seal(input: SealInput): { message: SealedMessage; answerKey: AnswerKey } {
      const padded = pad(input.plaintext, smallestBucket, largestBucket);
      const { encapsulatedKey, exportSecret } = hpke.setupSender(input.publicKey);
      const { suite, keyId, messageId, expiresAtSeconds, nullifier } = input;
      const header: SealedHeader = { suite, keyId, messageId, expiresAtSeconds, nullifier };
      const nonce = primitives.randomBytes(XCHACHA_NONCE_BYTES);
      const ciphertext = primitives.aeadSeal(exportSecret(REQUEST), nonce, associatedData(header), padded);
      return { message: { ...header, encapsulatedKey, nonce, ciphertext }, answerKey: exportSecret(ANSWER) };
    },

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
  };
}

export type Sealing<PrivateKey> = ReturnType<typeof createSealing<PrivateKey>>;
