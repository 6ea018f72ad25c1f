import { Encoder } from 'cbor-x/encode';
import { decode } from 'cborg';

/** NSM messages have fewer levels. */
const MAX_DEPTH = 32;
const MAX_UINT32 = 0xffff_ffff;
/** cbor-x writes integers outside this range as tagged bytes. */
const MAX_INTEGER = 2n ** 64n - 1n;
const MIN_INTEGER = -(2n ** 63n);

const encoder = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false, mapsAsObjects: false });

/**
 * Encodes deterministic CBOR (RFC 8949 section 4.2.1) with cbor-x, for the NSM and the mock NSM. cbor-x alone would write 2^33 as a float
 * and 5n in nine bytes, and would keep the order of keys. This function prevents all three. cbor.spec.ts compares it with cborg.
 *
 * @param value null, a boolean, an integer from -2^63 to 2^64-1, well-formed text or bytes; or an array, plain object or Map of such values.
 *   Keys are text or integers
 * @returns a separate buffer, which the caller may zero
 * @throws TypeError for floats, -0, undefined, other classes, ill-formed text, and more than 32 levels
 */
export function encodeCbor(value: unknown): Uint8Array {
  return new Uint8Array(encoder.encode(ordered(value, 0)));
}

/**
 * Decodes one item from the NSM, or from a client of the mock NSM. CBOR maps become Map objects. Uses cborg, because cbor-x accepts
 * duplicate keys and keeps the last.
 * @throws Error if the bytes are not CBOR, have a duplicate key or bytes after the item
 */
export function decodeCbor(bytes: Uint8Array): unknown {
  return decode(bytes, { useMaps: true, rejectDuplicateMapKeys: true });
}

/** Returns the value in a form for which cbor-x writes deterministic CBOR. */
function ordered(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new TypeError(`CBOR nested deeper than ${String(MAX_DEPTH)}`);
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'string':
      if (!value.isWellFormed()) throw new TypeError('CBOR text has to be well-formed');
      return value;
    case 'number':
      if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new TypeError('CBOR here has no floats');
      return integer(BigInt(value));
    case 'bigint':
      return integer(value);
    case 'object':
      break;
    default:
      throw new TypeError(`CBOR here has no ${typeof value}`);
  }
  if (value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return Array.from(value, (item) => ordered(item, depth + 1));
  if (value instanceof Map) return orderedMap([...(value as Map<unknown, unknown>)], depth + 1);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError('CBOR here has no other classes');
  return orderedMap(Object.entries(value), depth + 1);
}

/** Returns the type for which cbor-x writes the shortest form: a number up to 32 bits, a bigint above. */
function integer(value: bigint): number | bigint {
  if (value > MAX_INTEGER || value < MIN_INTEGER) throw new TypeError('CBOR integers have 64 bits');
  const argument = value < 0n ? -1n - value : value;
  return argument <= MAX_UINT32 ? Number(value) : value;
}

/** Returns the entries in the order of their encoded keys. */
function orderedMap(entries: readonly (readonly [unknown, unknown])[], depth: number): Map<unknown, unknown> {
  const keyed = entries.map(([key, item]) => {
    if (!['string', 'number', 'bigint'].includes(typeof key))
      throw new TypeError('CBOR keys here are text or integers');
    return { key: ordered(key, depth), bytes: encodeCbor(key), item };
  });
  keyed.sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  return new Map(keyed.map(({ key, item }) => [key, ordered(item, depth)]));
}
