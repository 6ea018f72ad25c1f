// The CBOR of our own messages (RFC 8949). The writer has exactly one encoding for each value. The reader accepts the keys of a map in any
// order. That is safe, because signatures and hashes are checked over the received bytes, never over a value that is encoded again. We wrote
// this codec because a general codec also reads floats, tags and text that is not UTF-8, and is ten times larger in a browser.
import { ProtocolError } from '../problems';
import { LIMITS } from '../limits';
import { decodeUtf8 } from './utf8';

/** Major types (RFC 8949 section 3.1). */
const UNSIGNED = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
/** Each of these values is one byte (section 3.3). */
const [FALSE, TRUE, NULL] = [0xf4, 0xf5, 0xf6];

const utf8 = new TextEncoder();

/**
 * Encodes a value deterministically (RFC 8949 section 4.2.1): shortest forms, keys in the order of their encoded bytes.
 * @param value null, booleans, whole numbers within ±(2^53 - 1), well-formed text, Uint8Array, arrays and plain objects of these, nested at
 * most `LIMITS.maxDepth` deep
 * @throws TypeError for any other value
 */
export function encodeCanonical(value: unknown): Uint8Array {
  const parts: Uint8Array[] = [];
  write(value, parts, 0);
  return joined(parts);
}

function write(value: unknown, parts: Uint8Array[], depth: number): void {
  if (value === null) parts.push(Uint8Array.of(NULL));
  else if (typeof value === 'boolean') parts.push(Uint8Array.of(value ? TRUE : FALSE));
  else if (typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0))
    parts.push(value < 0 ? head(NEGATIVE, -1 - value) : head(UNSIGNED, value));
  else if (typeof value === 'string') writeText(value, parts);
  else if (value instanceof Uint8Array) writeBytes(BYTES, value, parts);
  else if (Array.isArray(value)) {
    checkDepth(value.length, depth);
    parts.push(head(ARRAY, value.length));
    for (const each of value as unknown[]) write(each, parts, depth + 1);
  } else if (typeof value === 'object' && isPlain(value)) writeMap(value, parts, depth);
  else throw new TypeError(`a ${typeof value} has no place in a message`);
}

function writeBytes(major: number, bytes: Uint8Array, parts: Uint8Array[]): void {
  parts.push(head(major, bytes.length), bytes);
}

/** Refuses lone surrogates: each would become U+FFFD, so two different texts would have the same bytes. */
function writeText(text: string, parts: Uint8Array[]): void {
  if (!text.isWellFormed()) throw new TypeError('text with a lone surrogate has no place in a message');
  writeBytes(TEXT, utf8.encode(text), parts);
}

/** Whether an object is plain, in any realm. `Object.entries` does not show the content of others (Map, Date, DataView). */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** @throws TypeError beyond the depth that the reader accepts */
function checkDepth(entries: number, depth: number): void {
  if (entries > 0 && depth >= LIMITS.maxDepth) throw new TypeError(`nested deeper than ${LIMITS.maxDepth}`);
}

function writeMap(value: object, parts: Uint8Array[], depth: number): void {
  const entries = Object.entries(value).map(([key, member]) => [encodeCanonical(key), member] as const);
  checkDepth(entries.length, depth);
  parts.push(head(MAP, entries.length));
  for (const [key, member] of entries.sort(([a], [b]) => compareBytes(a, b))) {
    parts.push(key);
    write(member, parts, depth + 1);
  }
}

/** Encodes major type and argument in the shortest of the five forms. */
function head(major: number, argument: number): Uint8Array {
  const first = major << 5;
  if (argument < 24) return Uint8Array.of(first | argument);
  const [code, length] =
    argument < 2 ** 8 ? [24, 1] : argument < 2 ** 16 ? [25, 2] : argument < 2 ** 32 ? [26, 4] : [27, 8];
  const bytes = new Uint8Array(1 + length);
  bytes[0] = first | code;
  for (let at = length, left = argument; at > 0; at--, left = Math.floor(left / 256)) bytes[at] = left % 256;
  return bytes;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * Reads one data item within limits of size, depth and items. It accepts only shortest forms, definite lengths and unique text keys. It
 * refuses tags, floats and numbers beyond 2^53 - 1. Byte strings are copies.
 * @throws ProtocolError `body_too_large` | `malformed_body`
 */
export function decodeStrict(bytes: Uint8Array, maxBytes: number): unknown {
  if (bytes.length > maxBytes) throw new ProtocolError('body_too_large', `more than ${maxBytes} bytes`);
  return new Reader(bytes).whole();
}

class Reader {
  private at = 0;
  private items = 0;

  constructor(private readonly bytes: Uint8Array) {}

  whole(): unknown {
    const value = this.item(0);
    if (this.at < this.bytes.length) throw malformed('bytes after the end');
    return value;
  }

  private item(depth: number): unknown {
    if (++this.items > LIMITS.maxItems) throw malformed(`more than ${LIMITS.maxItems} items`);
    const first = this.byte();
    switch (first >> 5) {
      case UNSIGNED:
        return this.argument(first);
      case NEGATIVE:
        return this.negative(first);
      case BYTES:
        return this.content(this.argument(first)).slice();
      case TEXT:
        return this.text(first);
      case ARRAY:
        return Array.from({ length: this.count(first, 1, depth) }, () => this.item(depth + 1));
      case MAP:
        return this.map(this.count(first, 2, depth), depth + 1);
      default:
        if (first === NULL) return null;
        if (first === FALSE || first === TRUE) return first === TRUE;
        throw malformed('a tag, a float, or another simple value than true, false and null');
    }
  }

  private map(entries: number, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    for (let entry = 0; entry < entries; entry++) {
      if (++this.items > LIMITS.maxItems) throw malformed(`more than ${LIMITS.maxItems} items`);
      const first = this.byte();
      if (first >> 5 !== TEXT) throw malformed('a key that is not text');
      const key = this.text(first);
      if (Object.hasOwn(map, key)) throw malformed('a key twice');
      // An assignment to `__proto__` would set the prototype
      Object.defineProperty(map, key, {
        value: this.item(depth),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return map;
  }

  private negative(first: number): number {
    const value = -1 - this.argument(first);
    if (!Number.isSafeInteger(value)) throw malformed('a number beyond 2^53 - 1');
    return value;
  }

  private text(first: number): string {
    return decodeUtf8(this.content(this.argument(first)));
  }

  /**
   * Returns the number of entries of an array or map. Every item takes at least one byte. So a number that does not fit into the remaining
   * bytes is refused before any entry is read.
   */
  private count(first: number, itemsEach: number, depth: number): number {
    const entries = this.argument(first);
    if (entries * itemsEach > Math.min(LIMITS.maxItems, this.bytes.length - this.at))
      throw malformed(`more than ${LIMITS.maxItems} items, or more than the bytes can contain`);
    if (entries > 0 && depth >= LIMITS.maxDepth) throw malformed(`nested deeper than ${LIMITS.maxDepth}`);
    return entries;
  }

  private content(length: number): Uint8Array {
    if (length > this.bytes.length - this.at) throw malformed('it ends too early');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  private byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw malformed('it ends too early');
    return byte;
  }

  /** Reads the argument of a head (section 3), and refuses one that is not in its shortest form. */
  private argument(first: number): number {
    const code = first & 31;
    if (code < 24) return code;
    if (code > 27) throw malformed('an indefinite or reserved length');
    const length = 1 << (code - 24);
    let value = 0;
    for (let read = 0; read < length; read++) value = value * 256 + this.byte();
    const least = length === 1 ? 24 : 2 ** (length * 4);
    if (value < least) throw malformed('a number that is not in its shortest form');
    if (!Number.isSafeInteger(value)) throw malformed('a number beyond 2^53 - 1');
    return value;
  }
}

function malformed(why: string): ProtocolError {
  return new ProtocolError('malformed_body', why);
}
