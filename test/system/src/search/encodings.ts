/** Every way in which a text may stand in something that a process leaves behind. Case is ignored where it carries nothing. */
export function encodingsOf(text: string): { encoding: string; needle: string }[] {
  const bytes = Buffer.from(text, 'utf8');
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
    { encoding: 'form', needle: encodeURIComponent(text).replaceAll('%20', '+') },
    { encoding: 'hex', needle: bytes.toString('hex') },
    { encoding: 'decimal bytes', needle: [...bytes].join(',') },
    { encoding: 'UTF-16', needle: Buffer.from(text, 'utf16le').toString('latin1') },
    ...[0, 1, 2].flatMap((offset) => base64At(bytes, offset)),
  ];
  return all.filter(({ needle }, at) => needle.length >= 8 && all.findIndex((other) => other.needle === needle) === at);
}

/** Base64 of the text wherever it starts within its groups of three bytes: only the characters that depend on nothing around it. */
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
