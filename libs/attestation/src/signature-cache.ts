import type { P384Key } from './primitives/primitives';
import type { Certificate } from './x509/certificate';

/** A parsed certificate, and a function that imports its public key at the first call. */
export interface SignedCertificate {
  certificate: Certificate;
  key: () => P384Key | Promise<P384Key>;
}

/**
 * Remembers which issuer signed which certificate, and the certificate's parsed fields. Neither depends on the time or a policy;
 * `verifyChain` checks dates, flags and names every time. Drops the least recently used entry first. Store only valid signatures below a
 * trusted root, so that an attacker without such certificates cannot fill the cache.
 */
export class SignatureCache {
  readonly #entries = new Map<string, SignedCertificate>();
  readonly #maxEntries: number;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Returns the cache key for a certificate and its issuer. Both hashes are over the DER, and have 32 bytes. */
  link(certificateSha256: Uint8Array, issuerSha256: Uint8Array): string {
    return String.fromCharCode(...certificateSha256, ...issuerSha256);
  }

  get(link: string): SignedCertificate | undefined {
    const found = this.#entries.get(link);
    if (found) {
      this.#entries.delete(link);
      this.#entries.set(link, found);
    }
    return found;
  }

  set(link: string, signed: SignedCertificate): void {
    this.#entries.delete(link);
    this.#entries.set(link, signed);
    if (this.#entries.size > this.#maxEntries) {
      const oldest = this.#entries.keys().next();
      if (!oldest.done) this.#entries.delete(oldest.value);
    }
  }
}
