import { fromHex } from './text';

/** Order of BN254's scalar field (EIP-196): every value of the proof of residence is below it. */
export const FIELD_MODULUS = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n;
export const FIELD_BYTES = 32;
/**
 * The only form of a field element in JSON, as far as a pattern can express it: its value must also be below the
 * modulus.
 */
export const FIELD_HEX_PATTERN = /^[0-9a-f]{64}$/;

const MODULUS_BYTES = fromHex(FIELD_MODULUS.toString(16));

/**
 * Whether these are the bytes of a field element: 32, big-endian, below the modulus. A value plus the modulus would be a second
 * spelling of the same element, so it is refused.
 */
export function isFieldElement(bytes: Uint8Array): boolean {
  if (bytes.length !== FIELD_BYTES) return false;
  const at = bytes.findIndex((byte, index) => byte !== MODULUS_BYTES[index]);
  return at >= 0 && (bytes[at] ?? 0) < (MODULUS_BYTES[at] ?? 0);
}
