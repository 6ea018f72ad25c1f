import type { P384Key } from './primitives/primitives';
import type { Certificate } from './x509/certificate';

/** The parsed fields of a certificate, with its key, which is imported at its first use. */
export interface SignedCertificate {
  certificate: Certificate;
  key: () => P384Key | Promise<P384Key>;
}

/**
 * Remembers which certificate was signed by which issuer, and its parsed fields. Neither depends on the time or a policy. `verifyChain`
 * checks dates, flags and names every time. The least recently used entry is dropped first. Only valid signatures below a
 * trusted root are kept, so that an attacker without certificates of that root cannot fill the cache.
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

  /** Returns the key of the entry for this certificate under this issuer. Both are named by the SHA-256 of their DER, 32 bytes. */
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
