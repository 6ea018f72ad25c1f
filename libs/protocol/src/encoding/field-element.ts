import { ProtocolError } from '../problems';
import { fromHex, toHex } from './text';

/** Order of BN254's scalar field (EIP-196): every value of the proof of residence is below it. */
export const FIELD_MODULUS = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n;
export const FIELD_BYTES = 32;
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

/** 64 lower-case hex digits, the only form of a field element in JSON. @throws ProtocolError `malformed_body` */
export function fieldToHex(element: Uint8Array): string {
  return toHex(asField(element));
}

/** @throws ProtocolError `malformed_body`: not 64 lower-case hex digits, or not below the modulus */
export function fieldFromHex(text: string): Uint8Array {
  if (!FIELD_HEX_PATTERN.test(text)) throw new ProtocolError('malformed_body', 'a field element has 64 hex digits');
  return asField(fromHex(text));
}

function asField(bytes: Uint8Array): Uint8Array {
  if (!isFieldElement(bytes)) throw new ProtocolError('malformed_body', 'not a field element below the modulus');
  return bytes;
}
