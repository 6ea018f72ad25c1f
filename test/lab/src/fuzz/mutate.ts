import type { Draw } from '@communique-tee/testing/harness';
import { decode, encode } from 'cborg';

const INTERESTING = [
  0x00, 0x01, 0x17, 0x18, 0x1f, 0x40, 0x5f, 0x60, 0x7f, 0x80, 0x9f, 0xa0, 0xbf, 0xd2, 0xf6, 0xfb, 0xff,
];

/** Returns a copy of the bytes with one to four changes. */
export function mutateBytes(draw: Draw, bytes: Uint8Array): Uint8Array {
  let changed: Buffer = Buffer.from(bytes);
  for (let round = draw.whole(1, 4); round > 0; round--) changed = mutateOnce(draw, changed);
  return new Uint8Array(changed);
}

function mutateOnce(draw: Draw, bytes: Buffer): Buffer {
  const at = draw.whole(0, Math.max(0, bytes.length - 1));
  const length = Math.min(draw.one([1, 2, 8, 64, 1024]), bytes.length - at);
  switch (draw.one(['flip', 'set', 'cut', 'insert', 'repeat', 'end', 'swap'])) {
    case 'flip':
      return edited(bytes, at, (byte) => byte ^ (1 << draw.whole(0, 7)));
    case 'set':
      return edited(bytes, at, () => INTERESTING[draw.whole(0, INTERESTING.length - 1)] ?? 0);
    case 'cut':
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 'insert':
      return Buffer.concat([bytes.subarray(0, at), randomBytesOf(draw, length), bytes.subarray(at)]);
    case 'repeat':
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    case 'end':
      return bytes.subarray(0, at);
    default: {
      const other = draw.whole(0, Math.max(0, bytes.length - 1));
      const [one, two] = [bytes[at] ?? 0, bytes[other] ?? 0];
      return edited(
        edited(bytes, at, () => two),
        other,
        () => one,
      );
    }
  }
}

function edited(bytes: Buffer, at: number, change: (byte: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  if (copy.length > 0) copy[at] = change(copy[at] ?? 0);
  return copy;
}

export function randomBytesOf(draw: Draw, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => draw.whole(0, 255)));
}

/** Returns text of a kind that parsers often handle wrongly. */
export function oddText(draw: Draw): string {
  const piece = draw.one([
    '',
    '\u0000',
    '\ufeff',
    '\u200b',
    '\ud800',
    '😀',
    '<!-- ]]> &amp;',
    '__proto__',
    'constructor',
    '../../etc/passwd',
    '1e999',
    'ab\r\nhost: x',
    "' or 1=1 --",
  ]);
  return piece.repeat(draw.one([1, 1, 1, 20, 5000]));
}

/** Returns a copy of a decoded value in which one node is changed. The structure stays readable, so that later checks are reached. */
export function mutateValue(draw: Draw, value: unknown): unknown {
  if (draw.chance(0.15)) return oddValue(draw);
  if (value instanceof Uint8Array) return draw.chance(0.5) ? mutateBytes(draw, value) : oddValue(draw);
  if (Array.isArray(value)) {
    const copy: unknown[] = [...(value as unknown[])];
    if (copy.length === 0 || draw.chance(0.2)) return [...copy, oddValue(draw)];
    const at = draw.whole(0, copy.length - 1);
    if (draw.chance(0.15)) return draw.chance(0.5) ? copy.toSpliced(at, 1) : [...copy, ...copy];
    copy[at] = mutateValue(draw, copy[at]);
    return copy;
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0 || draw.chance(0.15)) entries.push([oddText(draw).slice(0, 50), oddValue(draw)]);
    const at = draw.whole(0, entries.length - 1);
    const [name, item] = entries[at] ?? ['', null];
    if (draw.chance(0.15)) entries.splice(at, 1);
    else entries[at] = [draw.chance(0.05) ? oddText(draw).slice(0, 50) : name, mutateValue(draw, item)];
    return Object.fromEntries(entries);
  }
  return oddValue(draw);
}

function oddValue(draw: Draw): unknown {
  switch (draw.one(['text', 'number', 'bytes', 'null', 'list', 'map', 'deep', 'bool'])) {
    case 'text':
      return oddText(draw);
    case 'number':
      return draw.one<unknown>([0, -1, 1, 2 ** 31, 2 ** 53 - 1, 1.5, Number.NaN, Infinity, -0, 2n ** 64n - 1n]);
    case 'bytes':
      return new Uint8Array(draw.one([0, 1, 15, 16, 17, 31, 32, 33, 64, 1025, 70_000])).fill(draw.whole(0, 255));
    case 'null':
      return null;
    case 'list':
      return Array.from({ length: draw.one([0, 1, 33, 300]) }, () => draw.whole(0, 255));
    case 'map':
      return { [oddText(draw).slice(0, 20)]: draw.whole(0, 9) };
    case 'bool':
      return draw.chance(0.5);
    default: {
      let nested: unknown = 0;
      for (let depth = draw.one([5, 40, 500]); depth > 0; depth--) nested = [nested];
      return nested;
    }
  }
}

/** Returns CBOR in which one node, or some of the bytes, are changed. */
export function mutateCbor(draw: Draw, bytes: Uint8Array): Uint8Array {
  if (draw.chance(0.4)) return mutateBytes(draw, bytes);
  try {
    const changed = encode(mutateValue(draw, decode(bytes)));
    return draw.chance(0.1) ? mutateBytes(draw, changed) : changed;
  } catch {
    return mutateBytes(draw, bytes); // the changed value has no form in CBOR
  }
}
