import { CryptoError, legacyMessageId, open, openLegacy, sealAnswer, sealLegacyAnswer } from '@communique-tee/crypto';
import {
  LEGACY_SUITE,
  decodeEnvelope,
  decodeLegacyMessage,
  encodeSealedMessage,
  isLegacyMessage,
  parseCongressMessage,
  parseLegacyContent,
  type CongressMessageResult,
  type ProvenEnvelope,
  type SealedAnswer,
  type Suite,
} from '@communique-tee/protocol';
import type { HeldKey, KeyRing } from '../../identity/keys/key-ring';

/** The parts of a sealed message, of any suite, that are readable before it is opened. */
export interface SealedForm {
  /** The message without its proof, in form 1 of docs/message.md. `sealed_sha256` is the hash of these bytes. */
  sealed: Uint8Array;
  /** The message with its proof of residence; null without a proof. */
  proven: ProvenEnvelope | null;
  suite: Suite;
  /** 16 bytes. */
  messageId: Uint8Array;
  /** Null if the suite has no expiry: the gateway then decides how long to retry. */
  expiresAtSeconds: number | null;
  keyIn(ring: KeyRing): HeldKey | undefined;
  /** @throws CryptoError `ERR_CRYPTO_OPEN` */
  open(key: HeldKey): OpenedMessage;
}

export interface OpenedMessage {
  /** The caller wipes this when the message is finished, not earlier, because `parsed` may share its memory. */
  plaintext: Uint8Array;
  parsed: CongressMessageResult;
  /** Seals an answer that only the sender can open. */
  sealAnswer(plaintext: Uint8Array): SealedAnswer;
}

/**
 * @param body the CBOR form of an envelope, or of a message of the legacy suite
 * @param legacySuite whether this enclave opens messages in the suite of the web client (legacy)
 * @throws ProtocolError `body_too_large` | `malformed_body` | `suite_unsupported`
 */
export function readSealedForm(body: Uint8Array, legacySuite: boolean): SealedForm {
  return legacySuite && isLegacyMessage(body) ? legacyForm(body) : standardForm(body);
}

function standardForm(body: Uint8Array): SealedForm {
  const { sealed: message, residence } = decodeEnvelope(body);
  const { suite, messageId, expiresAtSeconds, keyId } = message;
  return {
    sealed: residence === null ? body : encodeSealedMessage(message),
    proven: residence && { sealed: message, residence },
    suite,
    messageId,
    expiresAtSeconds,
    keyIn: (ring) => ring.find(keyId),
    open({ keys }) {
      const { plaintext, answerKey } = open(keys.sealing, message);
      return {
        plaintext,
        parsed: parseCongressMessage(plaintext),
        sealAnswer: (answer) => sealAnswer(answerKey, message, answer),
      };
    },
  };
}

function legacyForm(sealed: Uint8Array): SealedForm {
  const message = decodeLegacyMessage(sealed);
  return {
    sealed,
    proven: null,
    suite: LEGACY_SUITE,
    messageId: legacyMessageId(message.ciphertext),
    expiresAtSeconds: null,
    keyIn: (ring) => ring.findLegacy(message.keyId),
    open({ keys }) {
      if (!keys.legacy) throw new CryptoError('ERR_CRYPTO_OPEN');
      const { plaintext, answerKey, deliverySecret } = openLegacy(keys.legacy.pair, message);
      return {
        plaintext,
        parsed: parseLegacyContent(plaintext, deliverySecret),
        sealAnswer: (answer) => sealLegacyAnswer(answerKey, message, answer),
      };
    },
  };
}
