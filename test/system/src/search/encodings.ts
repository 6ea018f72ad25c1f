/** Returns the forms in which a text may be in the output and files of a process. */
export function encodingsOf(text: string): { encoding: string; needle: string }[] {
  const bytes = Buffer.from(text, 'utf8');
  const utf16 = Buffer.from(text, 'utf16le');
  const json = JSON.stringify(text).slice(1, -1);
  const xml = text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;');
  const all = [
    { encoding: 'plain', needle: text },
    { encoding: 'JSON', needle: json },
    {
      encoding: 'JSON, ASCII only',
      needle: json.replace(/[^ -~]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`),
    },
    { encoding: 'JSON in JSON', needle: JSON.stringify(json).slice(1, -1) },
    { encoding: 'XML', needle: xml },
    { encoding: 'XML in JSON', needle: JSON.stringify(xml).slice(1, -1) },
    { encoding: 'URL', needle: encodeURIComponent(text) },
    { encoding: 'form', needle: new URLSearchParams({ text }).toString().slice('text='.length) },
    { encoding: 'URL, twice', needle: encodeURIComponent(encodeURIComponent(text)) },
    {
      encoding: 'XML, by number',
      needle: xml.replace(/[^ -~]/g, (character) => `&#${String(character.charCodeAt(0))};`),
    },
    { encoding: 'hex', needle: bytes.toString('hex') },
    ...[' ', ':', '\\x', '%'].map((between) => ({
      encoding: `hex with ${between}`,
      needle: [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(between),
    })),
    { encoding: 'decimal bytes', needle: [...bytes].join(',') },
    { encoding: 'decimal bytes with blanks', needle: [...bytes].join(', ') },
    { encoding: 'UTF-16', needle: utf16.toString('latin1') },
    { encoding: 'UTF-16, big-endian', needle: Buffer.from(utf16).swap16().toString('latin1') },
    { encoding: 'UTF-16 in hex', needle: utf16.toString('hex') },
    ...[0, 1, 2].flatMap((offset) => base64At(bytes, offset)),
    ...[0, 1, 2]
      .flatMap((offset) => base64At(utf16, offset))
      .map(({ needle }) => ({ encoding: 'UTF-16 in base64', needle })),
  ];
  return all.filter(({ needle }, at) => needle.length >= 8 && all.findIndex((other) => other.needle === needle) === at);
}

/**
 * Returns the forms in which secret bytes may be in the output and files of a process. `a number` is the decimal number of a field
 * element.
 */
export function encodingsOfBytes(value: Uint8Array): { encoding: string; needle: string }[] {
  const bytes = Buffer.from(value);
  const hex = bytes.toString('hex');
  return [
    { encoding: 'raw', needle: bytes.toString('latin1') },
    { encoding: 'raw, reversed', needle: Buffer.from(bytes).reverse().toString('latin1') },
    ...['', ' ', ':', '\\x', '%'].map((between) => ({
      encoding: `hex with “${between}”`,
      needle: (hex.match(/../g) ?? []).join(between),
    })),
    { encoding: 'hex in hex', needle: Buffer.from(hex).toString('hex') },
    { encoding: 'a number', needle: BigInt(`0x${hex}`).toString() },
    { encoding: 'decimal bytes', needle: [...bytes].join(',') },
    { encoding: 'decimal bytes with blanks', needle: [...bytes].join(', ') },
    ...[0, 1, 2].flatMap((offset) => base64At(bytes, offset)),
    ...[0, 1, 2]
      .flatMap((offset) => base64At(Buffer.from(hex), offset))
      .map(({ encoding, needle }) => ({ encoding: `hex in ${encoding}`, needle })),
  ];
}

/**
 * Returns the base64 form of bytes that begin at this offset in a group of three. Leaves out the characters that depend on neighboring bytes.
 */
function base64At(bytes: Buffer, offset: number): { encoding: string; needle: string }[] {
  const first = offset === 0 ? 0 : offset + 1;
  const whole = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const usable = Math.floor(((offset + bytes.length) * 8) / 6);
  const needle = whole.slice(first, usable);
  return [
    { encoding: `base64 +${String(offset)}`, needle },
    { encoding: `base64url +${String(offset)}`, needle: needle.replaceAll('+', '-').replaceAll('/', '_') },
  ];
}
