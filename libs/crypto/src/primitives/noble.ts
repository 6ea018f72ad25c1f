import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { KeyPair, Primitives } from './primitives';
import { x25519 } from './x25519';

function importPrivateKey(raw: Uint8Array): KeyPair<Uint8Array> {
  return { privateKey: raw, publicKey: x25519.getPublicKey(raw) };
}

function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** The primitives for browsers, and for tests that compare them with Node's. */
export const noblePrimitives: Primitives<Uint8Array> = {
  generateKeyPair: () => importPrivateKey(randomBytes(32)),
  importPrivateKey,
  diffieHellman: (privateKey, publicKey) => x25519.getSharedSecret(privateKey, publicKey),
  sha256,
  hmacSha256: (key, message) => hmac(sha256, key, message),
  aeadSeal: (key, nonce, associatedData, plaintext) => xchacha20poly1305(key, nonce, associatedData).encrypt(plaintext),
  aeadOpen(key, nonce, associatedData, ciphertext) {
    try {
      return xchacha20poly1305(key, nonce, associatedData).decrypt(ciphertext);
    } catch {
      return undefined;
    }
  },
  randomBytes,
};
