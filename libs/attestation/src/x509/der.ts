import { AttestationError } from '../errors';

/** Returns the error for DER that cannot be read. The code is always the same. */
export function malformed(why: string): AttestationError {
  return new AttestationError('ERR_ATTESTATION_CERTIFICATE', why);
}

export interface DerElement {
  tag: number;
  /** the whole element with its head, as received */
  raw: Uint8Array;
  content: Uint8Array;
}

/**
 * Reads DER (X.690, section 10) from front to back: one-byte tags, definite lengths in their shortest form, at most
 * 65,535 bytes of content in an element. `end` refuses bytes that follow. Elements are views, not copies.
 */
export class DerReader {
  #at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Returns the tag of the next element, -1 at the end. */
  peek(): number {
    return this.#bytes[this.#at] ?? -1;
  }

  /** Reads the next element, which must have this tag. */
  read(tag: number, what: string): DerElement {
    const start = this.#at;
    const bytes = this.#bytes;
    if (bytes[start] !== tag) throw malformed(`${what} has another tag, or is missing`);
    const first = bytes[start + 1] ?? malformedLength(what);
    let at = start + 2;
    let length = first;
    if (first >= 0x80) {
      const width = first & 0x7f;
      const high = bytes[at] ?? malformedLength(what);
      if (width === 1) length = high;
      else if (width === 2) length = high * 256 + (bytes[at + 1] ?? malformedLength(what));
      else malformedLength(what);
      if (length < (width === 1 ? 0x80 : 0x100)) malformedLength(what);
      at += width;
    }
    const end = at + length;
    if (end > bytes.length) throw malformed(`${what} reaches beyond the end`);
    this.#at = end;
    return { tag, raw: bytes.subarray(start, end), content: bytes.subarray(at, end) };
  }

  end(what: string): void {
    if (!this.done) throw malformed(`bytes after ${what}`);
  }
}

function malformedLength(what: string): never {
  throw malformed(`the length of ${what}`);
}

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Reads an INTEGER of 0 or more in its shortest form (X.690, section 8.3). Returns it without the zero byte that keeps it positive. */
export function unsignedInteger(content: Uint8Array, what: string): Uint8Array {
  const first = content[0];
  if (first === undefined || first >= 0x80) throw malformed(`${what} is missing or negative`);
  if (first !== 0 || content.length === 1) return content;
  if ((content[1] ?? 0) < 0x80) throw malformed(`${what} is not in its shortest form`);
  return content.subarray(1);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
