/** The parts of BER (X.690) that are needed to write a CMS EnvelopedData. */

const concat = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** Writes a value with a definite length in its shortest form. */
export function tlv(tag: number, ...content: Uint8Array[]): Uint8Array {
  const value = concat(content);
  return concat([Uint8Array.of(tag), length(value.length), value]);
}

/** Writes a constructed value with an indefinite length: 80 ... 00 00 (X.690 section 8.1.3.6). */
export function indefinite(tag: number, ...content: Uint8Array[]): Uint8Array {
  return concat([Uint8Array.of(tag, 0x80), ...content, Uint8Array.of(0, 0)]);
}

function length(bytes: number): Uint8Array {
  if (bytes < 0x80) return Uint8Array.of(bytes);
  return bytes < 0x100 ? Uint8Array.of(0x81, bytes) : Uint8Array.of(0x82, bytes >> 8, bytes & 0xff);
}

/** Writes an object identifier given in dotted decimal; its first two arcs share a byte. */
export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tlv(0x06, Uint8Array.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(arc: number): number[] {
  const digits = [arc & 0x7f];
  for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

export const NULL = Uint8Array.of(0x05, 0x00);
export const integer = (small: number): Uint8Array => tlv(0x02, Uint8Array.of(small));
export const sequence = (...content: Uint8Array[]): Uint8Array => tlv(0x30, ...content);
export const octets = (bytes: Uint8Array): Uint8Array => tlv(0x04, bytes);
