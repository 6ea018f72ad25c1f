import { Token, Tokenizer, Type, decode } from 'cborg';
import { AttestationError } from './errors';

/**
 * Bounds that hold before anything is allocated.
 * AWS gives the payload as `bstr .size (1..16384)` (attestation_process.md, section 3.1). Around it stand at most a tag (1),
 * an array head (1), the protected header (5), the unprotected one (1), two string heads (6) and the signature (96): 110
 * bytes, rounded up. Real documents have 4.4 to 4.8 KB.
 */
export const maxPayloadBytes = 16_384;
export const maxDocumentBytes = maxPayloadBytes + 128;
/** Nine fields with their names, 32 PCRs with their indexes and a bundle of certificates are under 100 items; the rest is for fields that AWS adds. */
export const maxCborItems = 256;
/** The payload is a map (1) with a map of PCRs or an array of certificates (2) of plain values (3). */
export const maxCborDepth = 3;

export type CborValue =
  number | bigint | string | boolean | null | undefined | Uint8Array | CborValue[] | Map<CborValue, CborValue>;

/**
 * Strict CBOR: shortest forms only, no duplicate keys, maps as Map, and everything that {@link scanCbor} refuses.
 * Byte strings are copies.
 *
 * @throws AttestationError with a code ERR_ATTESTATION_CBOR*
 */
export function decodeStrictCbor(bytes: Uint8Array, options: { indefiniteOuterMap: boolean }): CborValue {
  scanCbor(bytes, options);
  try {
    const decodeOptions = {
      strict: true,
      useMaps: true,
      rejectDuplicateMapKeys: true,
      allowIndefinite: options.indefiniteOuterMap,
      allowUndefined: false,
      allowNaN: false,
      allowInfinity: false,
      allowBigInt: true, // refused by range where they are read
    };
    return decode(bytes, { ...decodeOptions, tokenizer: new ExactTokenizer(bytes, decodeOptions) }) as CborValue;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : '';
    // cborg has no codes; the pinned version's words are covered by a test.
    throw new AttestationError(
      message.includes('repeat map key') ? 'ERR_ATTESTATION_CBOR_DUPLICATE_KEY' : 'ERR_ATTESTATION_CBOR',
      undefined,
      cause,
    );
  }
}

/** `ignoreBOM` keeps U+FEFF at the start. Without it TextDecoder drops the character, and two byte strings have one text. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Bytes before the text itself, by the low five bits of the first (RFC 8949 section 3); one where the length is in those bits. */
const headBytes: Readonly<Record<number, number>> = { 24: 2, 25: 3, 26: 5, 27: 9 };

/** cborg's tokens, but for text: cborg drops U+FEFF at its start, and would read `\uFEFFpcrs` as `pcrs`. */
class ExactTokenizer {
  private readonly inner: Tokenizer;

  constructor(
    private readonly bytes: Uint8Array,
    options: object,
  ) {
    this.inner = new Tokenizer(bytes, options);
  }

  done(): boolean {
    return this.inner.done();
  }

  pos(): number {
    return this.inner.pos();
  }

  next(): Token {
    const from = this.inner.pos();
    const token = this.inner.next();
    if (!Type.equals(token.type, Type.string)) return token;
    const start = from + (headBytes[(this.bytes[from] ?? 0) & 31] ?? 1);
    return new Token(Type.string, utf8.decode(this.bytes.subarray(start, this.inner.pos())), token.encodedLength);
  }
}

const indefinite = 31;

/**
 * Walks over CBOR (RFC 8949) without building anything, and refuses what no attestation document holds: depth and number of
 * items beyond the limits, lengths beyond the end, indefinite lengths (but for the outermost map, where asked: documents of
 * 2025 have it), tags, floats, simple values but true, false and null, text that is not UTF-8, bytes after the end.
 * After this a decoder runs on input of known shape and size.
 */
export function scanCbor(bytes: Uint8Array, options: { indefiniteOuterMap: boolean }): void {
  let at = 0;
  let items = 0;

  const malformed = (why: string) => new AttestationError('ERR_ATTESTATION_CBOR', why);

  /** The argument of a head (section 3), at most `most`; more is refused as reaching beyond the end. */
  const argument = (minor: number, most: () => number): number => {
    let value = minor;
    if (minor >= 24) {
      const width = 1 << (minor - 24);
      if (minor > 27 || at + width > bytes.length)
        throw malformed(minor > 27 ? 'a reserved length' : 'it ends too early');
      value = 0;
      for (let i = 0; i < width; i++) value = value * 256 + (bytes[at++] ?? 0);
    }
    if (value > most()) throw malformed('it ends too early');
    return value;
  };
  const left = () => bytes.length - at;
  const anything = () => Infinity;

  const item = (depth: number): void => {
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
      case 1:
        argument(minor, anything);
        return;
      case 2:
      case 3: {
        const length = argument(minor, left); // moves `at` to the content
        if (major === 3) text(at, at + length);
        at += length;
        return;
      }
      case 4:
      case 5: {
        if (depth >= maxCborDepth)
          throw new AttestationError('ERR_ATTESTATION_CBOR_LIMIT', `deeper than ${maxCborDepth}`);
        if (minor === indefinite) {
          while (bytes[at] !== 0xff) {
            item(depth + 1);
            item(depth + 1);
          }
          at++;
          return;
        }
        // Each item takes a byte at least, so a count beyond the end is refused before the first one is looked at.
        const count = argument(minor, () => left() / (major === 5 ? 2 : 1)) * (major === 5 ? 2 : 1);
        for (let i = 0; i < count; i++) item(depth + 1);
        return;
      }
      case 6:
        throw new AttestationError('ERR_ATTESTATION_CBOR_TAG');
      default:
        if (head < 0xf4 || head > 0xf6) throw malformed('a float, or a simple value other than true, false and null');
    }
  };

  const text = (from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      if ((bytes[i] ?? 0) >= 0x80) {
        try {
          utf8.decode(bytes.subarray(from, to));
          return;
        } catch (cause) {
          throw new AttestationError('ERR_ATTESTATION_CBOR', 'text that is not UTF-8', cause);
        }
      }
    }
  };

  item(0);
  if (at !== bytes.length) throw new AttestationError('ERR_ATTESTATION_CBOR_TRAILING', `${bytes.length - at} bytes`);
}
