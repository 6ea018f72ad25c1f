import { keyIdText } from '../keys/enclave-keys';

/**
 * The maximum number of remembered ids; the oldest is dropped first. Each offer names the newest 256 revoked keys that have not ended. This
 * memory matters if a gateway omits some of them.
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
