import type { Primitives } from './primitives';

/**
 * Returns the X25519 secret, 32 bytes. Returns undefined for a key of small order: its secret is always zeros, so anyone knows it (RFC 7748
 * section 6.1, RFC 9180 section 7.1.4).
 */
export function sharedSecret<PrivateKey>(
  primitives: Primitives<PrivateKey>,
  privateKey: PrivateKey,
  publicKey: Uint8Array,
): Uint8Array | undefined {
  try {
    const secret = primitives.diffieHellman(privateKey, publicKey);
    return secret.every((byte) => byte === 0) ? undefined : secret;
  } catch {
    return undefined;
  }
}
