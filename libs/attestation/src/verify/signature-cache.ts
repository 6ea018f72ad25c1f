import type { P384Key } from '../primitives/primitives';

/**
 * Remembers that one certificate's bytes were signed by another's: a fact about the bytes that no time and no policy
 * changes. Least recently used goes first. Only signatures that hold, below a trusted root, are kept, so that nobody fills
 * it without certificates of that root. With it the imported key of the signed certificate, for the next step down.
 */
export class SignatureCache {
  readonly #entries = new Map<string, P384Key>();
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

  get(link: string): P384Key | undefined {
    const key = this.#entries.get(link);
    if (key) {
      this.#entries.delete(link);
      this.#entries.set(link, key);
    }
    return key;
  }

  set(link: string, key: P384Key): void {
    this.#entries.delete(link);
    this.#entries.set(link, key);
    if (this.#entries.size > this.#maxEntries) {
      const oldest = this.#entries.keys().next();
      if (!oldest.done) this.#entries.delete(oldest.value);
    }
  }
}
