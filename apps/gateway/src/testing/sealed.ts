import { randomBytes } from 'node:crypto';
import { DEFAULT_SUITE, type SealedMessage } from '@communique-tee/protocol';

/** A well-formed message that no key opens; the gateway cannot tell it from a real one. */
export function sealedMessage(over: Partial<SealedMessage> = {}): SealedMessage {
  return {
    suite: DEFAULT_SUITE,
    keyId: bytes(16),
    messageId: bytes(16),
    expiresAtSeconds: Math.floor(Date.now() / 1000) + 3600,
    nullifier: null,
    encapsulatedKey: bytes(32),
    nonce: bytes(24),
    ciphertext: bytes(1024 + 16),
    ...over,
  };
}

function bytes(length: number): Uint8Array {
  return new Uint8Array(randomBytes(length));
}
