import { toHex } from './hex';

/**
 * Remembers documents whose signature was valid, by the SHA-256 of all their bytes (which include the signing certificate). Chain, dates and
 * policy are still checked every time. Only documents below a trusted root are added, so that an attacker without such a certificate
 * cannot fill the memory.
 */
export class RememberedDocuments {
  readonly #held = new Set<string>();

  constructor(private readonly maxDocuments: number) {}

  has(documentSha256: Uint8Array): boolean {
    return this.#held.has(toHex(documentSha256));
  }

  add(documentSha256: Uint8Array): void {
    this.#held.add(toHex(documentSha256));
    if (this.#held.size <= this.maxDocuments) return;
    const oldest = this.#held.values().next();
    if (!oldest.done) this.#held.delete(oldest.value);
  }
}
