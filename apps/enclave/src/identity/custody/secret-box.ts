import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { sealedKeyAssociatedData, type SealedKeyRecord } from '@communique-tee/protocol';
import { createHash, randomBytes } from 'node:crypto';

const NONCE_BYTES = 24;

/** Seals the secret under the data key, and binds it to the record's core and to the maker's attestation document. */
export function sealSecret(
  secret: Uint8Array,
  dataKey: Uint8Array,
  { core, maker }: Pick<SealedKeyRecord, 'core' | 'maker'>,
): Pick<SealedKeyRecord, 'nonce' | 'sealed'> {
  const nonce = new Uint8Array(randomBytes(NONCE_BYTES));
  return { nonce, sealed: xchacha20poly1305(dataKey, nonce, associatedData(core, maker)).encrypt(secret) };
}

/** @returns the secret (32 bytes), or undefined if the tag does not match */
export function openSecret(
  { core, maker, nonce, sealed }: SealedKeyRecord,
  dataKey: Uint8Array,
): Uint8Array | undefined {
  try {
    return xchacha20poly1305(dataKey, nonce, associatedData(core, maker)).decrypt(sealed);
  } catch {
    return undefined;
  }
}

function associatedData(core: SealedKeyRecord['core'], maker: Uint8Array): Uint8Array {
  return sealedKeyAssociatedData(core, createHash('sha256').update(maker).digest());
}
