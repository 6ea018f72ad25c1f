import { Token, Tokenizer, Type, decode, encode, rfc8949EncodeOptions } from 'cborg';
import { ProtocolError } from '../problems';
import { LIMITS } from '../limits';
import { decodeUtf8 } from './utf8';

const DECODE_OPTIONS = {
  strict: true, // shortest integers and lengths only
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  rejectDuplicateMapKeys: true,
} as const;

/** Bytes before the text itself, by the low five bits of the first (RFC 8949 section 3); one where the length is in those bits. */
const HEAD_BYTES: Readonly<Record<number, number>> = { 24: 2, 25: 3, 26: 5, 27: 9 };

/** Deterministic encoding, RFC 8949 section 4.2.1. */
export function encodeCanonical(value: unknown): Uint8Array {
  return encode(value, rfc8949EncodeOptions);
}

/**
 * Reads one data item under size, depth and item limits; shortest forms, definite lengths, text keys without repeats, no tags, no floats.
 * @throws ProtocolError `body_too_large` | `malformed_body`
 */
export function decodeStrict(bytes: Uint8Array, maxBytes: number): unknown {
  if (bytes.length > maxBytes) throw new ProtocolError('body_too_large', `more than ${maxBytes} bytes`);
  try {
    return decode(bytes, { ...DECODE_OPTIONS, tokenizer: new BoundedTokenizer(bytes) });
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    throw new ProtocolError('malformed_body', 'not canonical CBOR', { cause: error });
  }
}

/** cborg's own tokens, counted: nested or numerous input is refused before anything is built from it. */
class BoundedTokenizer {
  private readonly inner: Tokenizer;
  private readonly open: number[] = [];
  private items = 0;

  constructor(private readonly bytes: Uint8Array) {
    this.inner = new Tokenizer(bytes, DECODE_OPTIONS);
  }

  done(): boolean {
    return this.inner.done();
  }

  pos(): number {
    return this.inner.pos();
  }

  next(): Token {
    if (++this.items > LIMITS.maxItems) throw new ProtocolError('malformed_body', `more than ${LIMITS.maxItems} items`);
    const from = this.inner.pos();
    let token = this.inner.next();
    if (Type.equals(token.type, Type.string)) token = this.exactText(from, token);
    while (this.open.length > 0 && this.open[this.open.length - 1] === 0) this.open.pop();
    const last = this.open.length - 1;
    if (last >= 0) this.open[last] = (this.open[last] ?? 0) - 1;
    // A float may be a whole number written otherwise, and no message here has any other
    if (Type.equals(token.type, Type.float)) throw new ProtocolError('malformed_body', 'floats are not read here');
    if (Type.equals(token.type, Type.tag)) throw new ProtocolError('malformed_body', 'tags are not read here');
    const children = this.childrenOf(token);
    if (children > 0) {
      this.open.push(children);
      if (this.open.length > LIMITS.maxDepth)
        throw new ProtocolError('malformed_body', `nested deeper than ${LIMITS.maxDepth}`);
    }
    return token;
  }

  /** cborg puts U+FFFD where bytes are not UTF-8 and drops U+FEFF at the start, so that two byte strings would have one text. */
  private exactText(from: number, { encodedLength }: Token): Token {
    const lengthBytes = HEAD_BYTES[(this.bytes[from] ?? 0) & 31] ?? 1;
    const text = decodeUtf8(this.bytes.subarray(from + lengthBytes, this.inner.pos()));
    return new Token(Type.string, text, encodedLength);
  }

  private childrenOf(token: Token): number {
    const perEntry = Type.equals(token.type, Type.map) ? 2 : Type.equals(token.type, Type.array) ? 1 : 0;
    if (perEntry === 0) return 0;
    const count = Number(token.value) * perEntry;
    if (!(count <= LIMITS.maxItems)) throw new ProtocolError('malformed_body', `more than ${LIMITS.maxItems} items`);
    return count;
  }
}
