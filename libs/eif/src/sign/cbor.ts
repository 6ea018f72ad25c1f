import { EifError } from '../errors';

/*
 * The part of CBOR (RFC 8949) that a signature section uses, as serde_cbor writes it. Lengths are definite, heads are the shortest, and a
 * Vec<u8> is an array of numbers and not a byte string (README of aws-nitro-enclaves-image-format, "EifSectionSignature").
 */
export const major = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5 } as const;

export function head(kind: number, value: number): number[] {
  const top = kind << 5;
  if (value < 24) return [top | value];
  if (value < 0x100) return [top | 24, value];
  return [top | 25, value >> 8, value & 0xff];
}

export const text = (value: string) => [...head(major.text, value.length), ...new TextEncoder().encode(value)];
export const byteString = (value: Uint8Array) => [...head(major.bytes, value.length), ...value];
export const numbers = (value: Uint8Array) => [
  ...head(major.array, value.length),
  ...Array.from(value, (byte) => head(major.unsigned, byte)).flat(),
];

/** Reads only the items that the functions above write, in an order that the caller knows. */
export class CborReader {
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** @returns the argument: a number, or a length that may lie beyond the end */
  head(kind: number): number {
    const first = this.byte();
    if (first >> 5 !== kind) throw malformed(`no item of major type ${kind} at byte ${this.#at - 1}`);
    const minor = first & 31;
    if (minor < 24) return minor;
    const width = minor === 24 ? 1 : minor === 25 ? 2 : 0;
    if (width === 0) throw malformed(`a length of an unused kind at byte ${this.#at - 1}`);
    let value = 0;
    for (let i = 0; i < width; i++) value = value * 256 + this.byte();
    if (value < (width === 1 ? 24 : 256)) throw malformed('a number that is not in its shortest form');
    return value;
  }

  exactly(kind: number, value: number): void {
    if (this.head(kind) !== value) throw malformed(`a wrong number of items before byte ${this.#at}`);
  }

  text(value: string): void {
    const length = this.head(major.text);
    if (new TextDecoder('latin1').decode(this.take(length)) !== value) throw malformed(`"${value}" is missing`);
  }

  byteString(): Uint8Array {
    return this.take(this.head(major.bytes));
  }

  numbers(): Uint8Array {
    const length = this.head(major.array);
    if (length > this.bytes.length - this.#at) throw malformed('it ends too early');
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      const value = this.head(major.unsigned);
      if (value > 255) throw malformed('a number that is no byte');
      out[i] = value;
    }
    return out;
  }

  end(): void {
    if (this.#at !== this.bytes.length) throw malformed('bytes after the end');
  }

  private byte(): number {
    const value = this.bytes[this.#at++];
    if (value === undefined) throw malformed('it ends too early');
    return value;
  }

  private take(length: number): Uint8Array {
    if (length > this.bytes.length - this.#at) throw malformed('it ends too early');
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }
}

function malformed(why: string): EifError {
  return new EifError('ERR_EIF_SIGNATURE_FORMAT', why);
}
