// Elements of the scalar field of BN254, in which the circuit computes. Except in calculations, an element has its canonical form:
// 32 bytes, big-endian, below the modulus p; in JSON 64 lower-case hex digits.
import {
  FIELD_BYTES,
  FIELD_HEX_PATTERN,
  FIELD_MODULUS,
  fromHex,
  isFieldElement,
  toHex,
} from '@communique-tee/protocol';
import { ResidenceError } from './errors';

/** 32 bytes, big-endian, below {@link FIELD_MODULUS}. */
export type Field = Uint8Array;

export { FIELD_BYTES, FIELD_MODULUS };

export const ZERO_FIELD: Field = new Uint8Array(FIELD_BYTES);

/** Whether a value is a field element: 32 bytes, below p. */
export function isField(value: unknown): value is Field {
  return value instanceof Uint8Array && isFieldElement(value);
}

/** @throws ResidenceError `ERR_RESIDENCE_FIELD` */
export function checkField(value: Uint8Array): Field {
  if (!isField(value)) throw notAField();
  return value;
}

/** Returns 64 lower-case hex digits. @throws ResidenceError `ERR_RESIDENCE_FIELD` */
export function fieldToHex(field: Field): string {
  return toHex(checkField(field));
}

/** Reads 64 lower-case hex digits of a value below p, without a prefix. @throws ResidenceError `ERR_RESIDENCE_FIELD` */
export function fieldFromHex(hex: string): Field {
  if (!FIELD_HEX_PATTERN.test(hex)) throw notAField();
  return checkField(fromHex(hex));
}

/** @throws ResidenceError `ERR_RESIDENCE_FIELD` */
export function fieldToBigInt(field: Field): bigint {
  const value = field.length === FIELD_BYTES ? toBigInt(field) : FIELD_MODULUS;
  if (value >= FIELD_MODULUS) throw notAField();
  return value;
}

/** @throws ResidenceError `ERR_RESIDENCE_FIELD` if the number is negative, or p or more */
export function fieldFromBigInt(value: bigint): Field {
  if (value < 0n || value >= FIELD_MODULUS) throw notAField();
  const bytes = new Uint8Array(FIELD_BYTES);
  const view = new DataView(bytes.buffer);
  for (let at = FIELD_BYTES - 8, left = value; at >= 0; at -= 8, left >>= 64n) view.setBigUint64(at, left, false);
  return bytes;
}

/** Returns a uniformly random element that is not 0, for a secret, a salt or a blinding. */
export function randomField(): Field {
  for (;;) {
    const bytes = crypto.getRandomValues(new Uint8Array(FIELD_BYTES));
    bytes[0] = (bytes[0] ?? 0) & 0x3f; // p has 254 bits. About one value in four is not below p, and another is drawn
    if (isField(bytes) && bytes.some((byte) => byte !== 0)) return bytes;
  }
}

/** Returns a 32-byte hash shifted right by eight bits, which is always below p. */
export function fieldFromHash(hash: Uint8Array): Field {
  if (hash.length !== FIELD_BYTES) throw notAField();
  const bytes = new Uint8Array(FIELD_BYTES);
  bytes.set(hash.subarray(0, FIELD_BYTES - 1), 1);
  return bytes;
}

/** Returns ASCII text of at most 31 characters as a big-endian number. */
export function fieldFromAscii(text: string): Field {
  const bytes = new Uint8Array(FIELD_BYTES);
  if (text.length >= FIELD_BYTES || !/^[\x20-\x7e]*$/.test(text)) throw notAField();
  for (let at = 0; at < text.length; at++) bytes[FIELD_BYTES - text.length + at] = text.charCodeAt(at);
  return bytes;
}

function toBigInt(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let value = 0n;
  for (let at = 0; at < FIELD_BYTES; at += 8) value = (value << 64n) | view.getBigUint64(at, false);
  return value;
}

function notAField(): ResidenceError {
  return new ResidenceError(
    'ERR_RESIDENCE_FIELD',
    'not a field element: it must be 32 bytes below p, in hex 64 lower-case digits',
  );
}
