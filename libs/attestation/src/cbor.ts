import { AttestationError } from './errors';

/**
 * AWS defines the payload as `bstr .size (1..16384)` (attestation_process.md, section 3.1). Around the payload are at most a tag
 * (1 byte), an array head (1), the protected header (5), the unprotected header (1), the heads of payload (3) and signature (2), and the
 * signature (96): 109 bytes, rounded up to 128. Real documents have 4.4 to 4.8 KB.
 */
export const maxPayloadBytes = 16_384;
export const maxDocumentBytes = maxPayloadBytes + 128;
/** Nine fields with names, 32 PCRs with indexes and a bundle of 8 certificates are under 100 items. The rest is for fields that AWS may add. */
const maxCborItems = 256;
/** The payload is a map (1) with a map of PCRs or an array of certificates (2) of plain values (3). */
const maxCborDepth = 3;

export type CborValue =
  number | bigint | string | boolean | null | undefined | Uint8Array | CborValue[] | Map<CborKey, CborValue>;
/** The key types that a Map compares by value. With other types, a Map would not notice a repeated key. */
export type CborKey = number | bigint | string;

/** Without `ignoreBOM`, TextDecoder drops U+FEFF at the start, so two different byte strings would give the same text. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const indefinite = 31;

/**
 * Reads CBOR (RFC 8949) and refuses everything that no attestation document contains:
 * - depth and number of items beyond the limits; lengths beyond the end; bytes after the end
 * - indefinite lengths, except that of the outermost map if `indefiniteOuterMap` is set, for documents since 2025
 * - numbers and lengths that are not in their shortest form
 * - repeated keys, and keys that are neither text nor whole numbers
 * - tags, floats, simple values other than true, false and null, text that is not UTF-8
 *
 * A map becomes a Map. A whole number beyond 2^53 - 1 becomes a bigint. Byte strings are copied.
 * @throws AttestationError with a code ERR_ATTESTATION_CBOR*
 */
export function decodeStrictCbor(bytes: Uint8Array, options: { indefiniteOuterMap: boolean }): CborValue {
  let at = 0;
  let items = 0;

  const malformed = (why: string) => new AttestationError('ERR_ATTESTATION_CBOR', why);

  /** Reads the argument of a head (RFC 8949, section 3). @param most how many bytes or items can still follow */
  const argument = (minor: number, most: () => number): number | bigint => {
    let value: number | bigint = minor;
    if (minor >= 24) {
      const width = 1 << (minor - 24);
      if (minor > 27 || at + width > bytes.length)
        throw malformed(minor > 27 ? 'a reserved length' : 'it ends too early');
      if (width === 8) {
        let wide = 0n;
        for (let i = 0; i < width; i++) wide = wide * 256n + BigInt(bytes[at++] ?? 0);
        if (wide < 2n ** 32n) throw malformed('not in its shortest form');
        value = wide <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(wide) : wide;
      } else {
        let narrow = 0;
        for (let i = 0; i < width; i++) narrow = narrow * 256 + (bytes[at++] ?? 0);
        if (narrow < (width === 1 ? 24 : 2 ** (width * 4))) throw malformed('not in its shortest form');
        value = narrow;
      }
    }
    if (value > most()) throw malformed('it ends too early');
    return value;
  };
  const left = () => bytes.length - at;
  const anything = () => Infinity;

  const item = (depth: number): CborValue => {
    if (++items > maxCborItems)
      throw new AttestationError('ERR_ATTESTATION_CBOR_LIMIT', `more than ${maxCborItems} items`);
    const head = bytes[at++];
    if (head === undefined) throw malformed('it ends too early');
    const major = head >> 5;
    const minor = head & 31;
    if (
      minor === indefinite &&
      major >= 2 &&
      major <= 5 &&
      !(major === 5 && depth === 0 && options.indefiniteOuterMap)
    ) {
      throw new AttestationError('ERR_ATTESTATION_CBOR_INDEFINITE');
    }
    switch (major) {
      case 0:
        return argument(minor, anything);
      case 1: {
        const value = argument(minor, anything);
        return typeof value === 'number' && value < Number.MAX_SAFE_INTEGER ? -1 - value : -1n - BigInt(value);
      }
      case 2:
      case 3: {
        const length = Number(argument(minor, left)); // moves `at` to the content
        const content = bytes.subarray(at, at + length);
        at += length;
        return major === 2 ? content.slice() : text(content);
      }
      case 4:
      case 5: {
        if (depth >= maxCborDepth)
          throw new AttestationError('ERR_ATTESTATION_CBOR_LIMIT', `deeper than ${maxCborDepth}`);
        // Each item takes at least a byte, so a count above the bytes left is refused before the first item is read.
        const count = minor === indefinite ? Infinity : Number(argument(minor, () => left() / (major === 5 ? 2 : 1)));
        return major === 4 ? array(count, depth + 1) : map(count, depth + 1);
      }
      case 6:
        throw new AttestationError('ERR_ATTESTATION_CBOR_TAG');
      default:
        if (head === 0xf6) return null;
        if (head === 0xf4 || head === 0xf5) return head === 0xf5;
        throw malformed('a float, or a simple value other than true, false and null');
    }
  };

  const array = (count: number, depth: number): CborValue[] => {
    const values: CborValue[] = [];
    while (values.length < count) values.push(item(depth));
    return values;
  };

  /** @param count Infinity for a map that ends with a break */
  const map = (count: number, depth: number): Map<CborKey, CborValue> => {
    const entries = new Map<CborKey, CborValue>();
    while (entries.size < count) {
      if (count === Infinity && bytes[at] === 0xff) {
        at++;
        break;
      }
      const key = item(depth);
      if (typeof key !== 'string' && typeof key !== 'number' && typeof key !== 'bigint')
        throw malformed('a key that is neither text nor a whole number');
      if (entries.has(key)) throw new AttestationError('ERR_ATTESTATION_CBOR_DUPLICATE_KEY');
      entries.set(key, item(depth));
    }
    return entries;
  };

  const text = (content: Uint8Array): string => {
    try {
      return utf8.decode(content);
    } catch (cause) {
      throw new AttestationError('ERR_ATTESTATION_CBOR', 'text that is not UTF-8', cause);
    }
  };

  const value = item(0);
  if (at !== bytes.length) throw new AttestationError('ERR_ATTESTATION_CBOR_TRAILING', `${bytes.length - at} bytes`);
  return value;
}
