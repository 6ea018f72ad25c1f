import { readAttestation_unverified } from '@communique-tee/attestation';
import { keyIdOf, seal } from '@communique-tee/crypto';
import { DEFAULT_SUITE, encodeSealedMessage } from '@communique-tee/protocol';
import { randomBytes } from 'node:crypto';

const LIFETIME_SECONDS = 3600;
const PLAINTEXT_BYTES = 2 * 1024 - 400;

/**
 * Returns a function that gives a different message each time, sealed to the key of an attestation document (not verified here), in the
 * bucket of 2 KiB. The plaintext is not a message, so no office gets anything.
 * @param beforehand how many are sealed now
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
