/**
 * The few operations that sealing is built from, so that one construction runs over node:crypto in the enclave and over the noble
 * libraries in a browser. `PrivateKey` is opaque: a KeyObject in the enclave, 32 bytes in a browser.
 */
export interface Primitives<PrivateKey> {
  generateKeyPair(): KeyPair<PrivateKey>;
  /** Imports the 32 bytes of an X25519 private key (RFC 7748). */
  importPrivateKey(raw: Uint8Array): KeyPair<PrivateKey>;
  /** Returns the 32 bytes of X25519. May throw, or return zeros, for a key of small order: the caller refuses both. */
  diffieHellman(privateKey: PrivateKey, publicKey: Uint8Array): Uint8Array;
  /**
   * Decap of DHKEM(X25519, HKDF-SHA256) (RFC 9180, section 4.1), if the platform has it as one operation; otherwise it is built from the
   * other operations. 32 bytes; throws for a key of small order.
   */
  decapsulate?: ((privateKey: PrivateKey, encapsulatedKey: Uint8Array) => Uint8Array) | undefined;
  sha256(message: Uint8Array): Uint8Array;
  hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array;
  /** XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): key 32, nonce 24 bytes; gives ciphertext and 16-byte tag. */
  aeadSeal(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** Returns undefined if the tag does not fit. */
  aeadOpen(
    key: Uint8Array,
    nonce: Uint8Array,
    associatedData: Uint8Array,
    ciphertext: Uint8Array,
  ): Uint8Array | undefined;
  randomBytes(length: number): Uint8Array;
}

export interface KeyPair<PrivateKey> {
  privateKey: PrivateKey;
  /** 32 bytes. */
  publicKey: Uint8Array;
}
