/**
 * The operations that sealing needs. Node uses node:crypto, and `PrivateKey` is a KeyObject. Browsers use the noble libraries, and
 * `PrivateKey` is 32 bytes.
 */
export interface Primitives<PrivateKey> {
  generateKeyPair(): KeyPair<PrivateKey>;
  /** Imports the 32 bytes of an X25519 private key (RFC 7748). */
  importPrivateKey(raw: Uint8Array): KeyPair<PrivateKey>;
  /** Returns the X25519 shared secret, 32 bytes. For a key of small order it may throw or return zeros, which callers must refuse. */
  diffieHellman(privateKey: PrivateKey, publicKey: Uint8Array): Uint8Array;
  /**
   * Decap of DHKEM(X25519, HKDF-SHA256) (RFC 9180, section 4.1). Returns 32 bytes; throws for a key of small order. Undefined if the
   * platform lacks this operation; the caller then builds it from the others.
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
