import { randomUUID } from 'node:crypto';
import { DEFAULT_SUITE, type SealedMessageJson, toBase64Url } from '@communique-tee/protocol';

const LIFETIME_SECONDS = 3600;
const SMALLEST_CIPHERTEXT_BYTES = 1024 + 16;

/**
 * A body that POST /api/messages accepts now, for the OpenAPI document. It is sealed to no key and holds no text: once accepted, it
 * ends as `key_retired`.
 */
export function exampleMessage(): SealedMessageJson {
  return {
    version: 1,
    suite: DEFAULT_SUITE,
    keyId: toBase64Url(new Uint8Array(16)),
    messageId: randomUUID(),
    expiresAt: Math.floor(Date.now() / 1000) + LIFETIME_SECONDS,
    nullifier: null,
    encapsulatedKey: toBase64Url(new Uint8Array(32)),
    nonce: toBase64Url(new Uint8Array(24)),
    ciphertext: toBase64Url(new Uint8Array(SMALLEST_CIPHERTEXT_BYTES)),
  };
}
