/**
 * The operations that sealing needs. They are implemented with node:crypto for Node and with the noble libraries for browsers.
 * `PrivateKey` is a KeyObject on Node, and 32 bytes in a browser.
 */
export interface Primitives<PrivateKey> {
  generateKeyPair(): KeyPair<PrivateKey>;
  /** Imports the 32 bytes of an X25519 private key (RFC 7748). */
  importPrivateKey(raw: Uint8Array): KeyPair<PrivateKey>;
  /** Returns the X25519 secret, 32 bytes. For a key of small order it may throw or return zeros. The caller refuses both. */
  diffieHellman(privateKey: PrivateKey, publicKey: Uint8Array): Uint8Array;
  /**
   * Decap of DHKEM(X25519, HKDF-SHA256) (RFC 9180, section 4.1). Returns 32 bytes; throws for a key of small order. If the platform does
   * not have it as one operation, the caller builds it from the other operations.
   */
  decapsulate?: ((privateKey: PrivateKey, encapsulatedKey: Uint8Array) => Uint8Array) | undefined;
  sha256(message: Uint8Array): Uint8Array;
  hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array;
  /** XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) with a key of 32 and a nonce of 24 bytes. Returns the ciphertext and a 16-byte tag. */
  aeadSeal(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** Returns undefined if the tag is wrong. */
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
