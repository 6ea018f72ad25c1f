// The part of MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md) that Barretenberg's commands and answers use.

export type Packed = boolean | number | string | Uint8Array | readonly Packed[] | { readonly [key: string]: Packed };

/** Writes a value. Numbers must be whole, from 0 to 2^32 - 1. @throws RangeError if a value cannot be written */
export function pack(value: Packed): Uint8Array {
  const parts: Uint8Array[] = [];
  write(value, parts);
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** @throws RangeError if the bytes are cut off, continue after the value, or have a type that Barretenberg does not send */
export function unpack(bytes: Uint8Array): Packed {
  const reader = new Reader(bytes);
  const value = reader.value();
  if (!reader.isAtEnd()) throw new RangeError('bytes after the value');
  return value;
}

function write(value: Packed, parts: Uint8Array[]): void {
  if (typeof value === 'boolean') parts.push(Uint8Array.of(value ? 0xc3 : 0xc2));
  else if (typeof value === 'number') parts.push(head(value, { short: [0x00, 0x80], 1: 0xcc, 2: 0xcd, 4: 0xce }));
  else if (typeof value === 'string') {
    const text = new TextEncoder().encode(value);
    parts.push(head(text.length, { short: [0xa0, 32], 1: 0xd9, 2: 0xda, 4: 0xdb }), text);
  } else if (value instanceof Uint8Array) {
    parts.push(head(value.length, { 1: 0xc4, 2: 0xc5, 4: 0xc6 }), value);
  } else if (Array.isArray(value)) {
    parts.push(head(value.length, { short: [0x90, 16], 2: 0xdc, 4: 0xdd }));
    for (const item of value as readonly Packed[]) write(item, parts);
  } else {
    const members = Object.entries(value as Readonly<Record<string, Packed>>);
    parts.push(head(members.length, { short: [0x80, 16], 2: 0xde, 4: 0xdf }));
    for (const [key, member] of members) {
      write(key, parts);
      write(member, parts);
    }
  }
}

interface Heads {
  /** The form of one byte: that byte for the length 0, and the first length that does not fit. */
  readonly short?: readonly [first: number, below: number];
  readonly 1?: number;
  readonly 2?: number;
  readonly 4: number;
}

/** Returns a type byte with a length or number, in the shortest form. */
function head(length: number, { short, 1: one, 2: two, 4: four }: Heads): Uint8Array {
  if (!Number.isInteger(length) || length < 0 || length > 0xffff_ffff) throw new RangeError('a number out of range');
  if (short !== undefined && length < short[1]) return Uint8Array.of(short[0] | length);
  if (one !== undefined && length <= 0xff) return Uint8Array.of(one, length);
  if (two !== undefined && length <= 0xffff) return Uint8Array.of(two, length >> 8, length & 0xff);
  const bytes = new Uint8Array(5);
  bytes[0] = four;
  new DataView(bytes.buffer).setUint32(1, length, false);
  return bytes;
}

class Reader {
  private at = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  value(): Packed {
    const first = this.number(1);
    if (first < 0x80) return first;
    if (first < 0x90) return this.map(first & 0x0f);
    if (first < 0xa0) return this.array(first & 0x0f);
    if (first < 0xc0) return this.text(first & 0x1f);
    switch (first) {
      case 0xc2:
      case 0xc3:
        return first === 0xc3;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.take(this.number(1 << (first - 0xc4))).slice();
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.number(1 << (first - 0xcc));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.text(this.number(1 << (first - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.array(this.number(2 << (first - 0xdc)));
      case 0xde:
      case 0xdf:
        return this.map(this.number(2 << (first - 0xde)));
      default:
        throw new RangeError('a type that Barretenberg does not send');
    }
  }

  private number(bytes: number): number {
    const at = this.at;
    this.take(bytes);
    if (bytes === 1) return this.view.getUint8(at);
    return bytes === 2 ? this.view.getUint16(at, false) : this.view.getUint32(at, false);
  }

  private text(length: number): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.take(length));
  }

  private array(length: number): Packed[] {
    return Array.from({ length: this.atMost(length) }, () => this.value());
  }

  private map(length: number): Record<string, Packed> {
    const members: [string, Packed][] = [];
    for (let left = this.atMost(length); left > 0; left--) {
      const key = this.value();
      if (typeof key !== 'string') throw new RangeError('a key that is no text');
      members.push([key, this.value()]);
    }
    return Object.fromEntries(members);
  }

  /** Refuses a count above the number of bytes left, so that a wrong count cannot reserve memory. Each member takes at least a byte. */
  private atMost(length: number): number {
    if (length > this.bytes.length - this.at) throw new RangeError('cut off');
    return length;
  }

  private take(length: number): Uint8Array {
    const end = this.at + length;
    if (end > this.bytes.length) throw new RangeError('cut off');
    const taken = this.bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }
}
