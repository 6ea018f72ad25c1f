import type { P384Key } from './primitives/primitives';
import type { Certificate } from './x509/certificate';

/** A certificate as it was read from its bytes, with its key, imported when first asked for. */
export interface SignedCertificate {
  certificate: Certificate;
  key: () => P384Key | Promise<P384Key>;
}

/**
 * Remembers that one certificate's bytes were signed by another's: a fact about the bytes that no time and no policy
 * changes, and so is what was read from them. What it means (dates, flags, names) is judged every time. Least recently used
 * goes first. Only signatures that hold, below a trusted root, are kept, so that nobody fills it without certificates of
 * that root.
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

  /** The name of "this certificate under this issuer", from the SHA-256 of the DER of both. */
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
