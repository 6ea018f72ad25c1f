// Writes DER, and deliberately malformed DER. For tests only.

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export function element(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const body = concat(...content);
  const length =
    body.length < 0x80
      ? [body.length]
      : body.length < 0x100
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 0xff];
  return concat(Uint8Array.of(tag, ...length), body);
}

export const sequence = (...content: readonly Uint8Array[]) => element(0x30, ...content);
export const integer = (...bytes: number[]) => element(0x02, Uint8Array.of(...bytes));
export const octets = (content: Uint8Array) => element(0x04, content);
export const bits = (unused: number, ...content: Uint8Array[]) => element(0x03, Uint8Array.of(unused), ...content);
export const boolean = (byte: number) => element(0x01, Uint8Array.of(byte));
export const ascii = (tag: number, text: string) => element(tag, new TextEncoder().encode(text));

/** Encodes an object identifier. `hex` is its content: `550403` for 2.5.4.3. */
export const oid = (hex: string) => element(0x06, fromHex(hex));

export function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

/** `C=US, O=test, CN=<name>` */
export function distinguishedName(commonName: string): Uint8Array {
  const part = (id: string, tag: number, value: string) => element(0x31, sequence(oid(id), ascii(tag, value)));
  return sequence(part('550406', 0x13, 'US'), part('55040a', 0x0c, 'test'), part('550403', 0x0c, commonName));
}

export function utcTime(ms: number): Uint8Array {
  return ascii(0x17, digits(ms).slice(2) + 'Z');
}

export function generalizedTime(ms: number): Uint8Array {
  return ascii(0x18, digits(ms) + 'Z');
}

function digits(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replaceAll(/[-T:]/g, '');
}
