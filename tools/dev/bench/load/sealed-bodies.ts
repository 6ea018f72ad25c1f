import { keyIdOf, generateKeyPair, seal } from '@communique-tee/crypto';
import { DEFAULT_SUITE, encodeSealedMessage, messageIdToText } from '@communique-tee/protocol';
import { randomBytes } from 'node:crypto';

const LIFETIME_SECONDS = 3600;

/**
 * Returns sealed messages that are padded to `kib` KiB and differ only in their ids. The gateway does not open them, and sealing each would
 * load the measured machine.
 */
export function sealedBodies(kib: number): { next: () => Uint8Array; idOf: (body: Uint8Array) => string } {
  const { publicKey } = generateKeyPair();
  const messageId = randomBytes(16);
  const { message } = seal({
    publicKey,
    keyId: keyIdOf(publicKey),
    suite: DEFAULT_SUITE,
    messageId,
    expiresAtSeconds: Math.floor(Date.now() / 1000) + LIFETIME_SECONDS,
    nullifier: null,
    plaintext: randomBytes(kib * 1024 - 400),
  });
  const encoded = Buffer.from(encodeSealedMessage(message));
  const at = encoded.indexOf(messageId);
  return {
    next: () => {
      const body = Buffer.from(encoded);
      randomBytes(16).copy(body, at);
      return body;
    },
    idOf: (body) => messageIdToText(body.subarray(at, at + 16)),
  };
}
