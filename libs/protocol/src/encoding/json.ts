import { ProtocolError } from '../problems';
import { LIMITS } from '../limits';
import { decodeUtf8 } from './utf8';

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);
const WHITE_SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * Reads JSON in UTF-8 (RFC 8259). Refuses nesting deeper than LIMITS.maxDepth, more than LIMITS.maxItems members in all, and a byte order
 * mark (section 8.1). Refuses two members of the same name in an object, because parsers differ in which one they keep (section 4).
 * @throws ProtocolError `malformed_body`. The error quotes no part of the input
 */
export function decodeJson(bytes: Uint8Array): unknown {
  const text = decodeUtf8(bytes);
  if (text.startsWith('\ufeff'))
    throw new ProtocolError(
      'malformed_body',
      'JSON starts with a byte order mark (U+FEFF); save it as UTF-8 without one',
    );
  checkStructure(bytes);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // No `cause`, because the message of JSON.parse quotes the input
    throw new ProtocolError('malformed_body', 'not JSON');
  }
}

/** Checks depth, members and their names before JSON.parse builds anything. Assumes valid JSON: JSON.parse refuses other text later. */
function checkStructure(bytes: Uint8Array): void {
  const open: Set<string>[] = [];
  let members = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) {
      const start = at;
      at = endOfString(bytes, start);
      const names = open.at(-1);
      if (names === undefined || !isFollowedByColon(bytes, at)) continue;
      if (++members > LIMITS.maxItems)
        throw new ProtocolError('malformed_body', `more than ${LIMITS.maxItems} members`);
      addName(names, bytes.subarray(start, at + 1));
    } else if (OPEN.has(byte)) {
      open.push(new Set());
      if (open.length > LIMITS.maxDepth)
        throw new ProtocolError('malformed_body', `nested deeper than ${LIMITS.maxDepth}`);
    } else if (CLOSE.has(byte)) open.pop();
  }
}

/** @param literal a name with its quotes. It is decoded, because `"a"` and `"\u0061"` are the same name */
function addName(names: Set<string>, literal: Uint8Array): void {
  let name: unknown;
  try {
    name = JSON.parse(decodeUtf8(literal));
  } catch {
    throw new ProtocolError('malformed_body', 'not JSON');
  }
  if (names.has(String(name))) throw new ProtocolError('malformed_body', 'an object has two members of the same name');
  names.add(String(name));
}

function isFollowedByColon(bytes: Uint8Array, at: number): boolean {
  let next = at + 1;
  while (WHITE_SPACE.has(bytes[next] ?? 0)) next++;
  return bytes[next] === COLON;
}

/** Returns the index of the closing quote: the next quote after an even number of backslashes. */
function endOfString(bytes: Uint8Array, start: number): number {
  for (let at = start; ;) {
    at = bytes.indexOf(QUOTE, at + 1);
    if (at < 0) return bytes.length;
    let slashes = 0;
    while (bytes[at - 1 - slashes] === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return at;
  }
}
