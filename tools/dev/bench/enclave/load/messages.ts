import { readAttestation_unverified } from '@communique-tee/attestation';
import { keyIdOf, seal } from '@communique-tee/crypto';
import { DEFAULT_SUITE, encodeSealedMessage } from '@communique-tee/protocol';
import { randomBytes } from 'node:crypto';

const LIFETIME_SECONDS = 3600;
const PLAINTEXT_BYTES = 2 * 1024 - 400;

/**
 * Returns a function that returns a new sealed text each time, padded to 2 KiB. The texts are sealed to the key of an attestation document,
 * which is not verified here. No text is a message, so no office gets anything.
 * @param beforehand how many texts are sealed before the function is returned
 */
export function messagesFor(document: Uint8Array, beforehand: number): () => Uint8Array {
  const { publicKey } = readAttestation_unverified(document);
  if (publicKey === undefined) throw new Error('the document names no key');
  const keyId = keyIdOf(publicKey);
  const expiresAtSeconds = Math.floor(Date.now() / 1000) + LIFETIME_SECONDS;
  const sealNext = () => {
    const { message } = seal({
      publicKey,
      keyId,
      suite: DEFAULT_SUITE,
      messageId: randomBytes(16),
      expiresAtSeconds,
      nullifier: null,
      plaintext: randomBytes(PLAINTEXT_BYTES),
    });
    return encodeSealedMessage(message);
  };
  const sealed = Array.from({ length: beforehand }, sealNext);
  return () => sealed.pop() ?? sealNext();
}
