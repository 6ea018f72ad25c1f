/** The cryptography that verification needs, implemented with node:crypto and with WebCrypto. */
export interface AttestationPrimitives {
  /** 32 bytes */
  sha256(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /**
   * @param point x || y, 96 bytes
   * @throws if the point is not on the curve; an implementation may throw only when the key is first used
   */
  importP384(point: Uint8Array): P384Key | Promise<P384Key>;
}

export interface P384Key {
  /**
   * Checks an ECDSA signature with SHA-384 (FIPS 186-5). Returns false for a wrong signature.
   * @param signature r || s, 96 bytes
   * @throws only if the point of the key is not on the curve
   */
  verify(message: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
}
