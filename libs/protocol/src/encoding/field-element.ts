import { fromHex } from './text';

/** The order of BN254's scalar field (EIP-196). Every value in a proof of residence is smaller. */
export const FIELD_MODULUS = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n;
export const FIELD_BYTES = 32;
/** The form of a field element in JSON. Its value must also be below the modulus, which a pattern cannot express. */
export const FIELD_HEX_PATTERN = /^[0-9a-f]{64}$/;

const MODULUS_BYTES = fromHex(FIELD_MODULUS.toString(16));

/**
 * Whether these are the bytes of a field element: 32 bytes, big-endian, below the modulus. A larger value is refused, because it would be
 * a second form of a smaller element.
 */
export function isFieldElement(bytes: Uint8Array): boolean {
  if (bytes.length !== FIELD_BYTES) return false;
  const at = bytes.findIndex((byte, index) => byte !== MODULUS_BYTES[index]);
  return at >= 0 && (bytes[at] ?? 0) < (MODULUS_BYTES[at] ?? 0);
}
