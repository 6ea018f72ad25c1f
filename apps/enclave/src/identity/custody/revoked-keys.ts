import { keyIdText } from '../keys/enclave-keys';

/**
 * The gateway names the revoked keys in every offer (the newest 256 that have not ended); this memory covers a gateway that omits some. The
 * oldest entries are dropped first.
 */
const MAX_REMEMBERED = 4096;

/** Remembers the ids of keys that an operator revoked. */
export class RevokedKeys {
  private readonly ids = new Set<string>();

  add(keyId: Uint8Array): void {
    this.ids.add(keyIdText(keyId));
    if (this.ids.size <= MAX_REMEMBERED) return;
    const oldest = this.ids.keys().next();
    if (!oldest.done) this.ids.delete(oldest.value);
  }

  has(keyId: Uint8Array): boolean {
    return this.ids.has(keyIdText(keyId));
  }
}
