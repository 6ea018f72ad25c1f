import { ProtocolError } from '../problems';
import { decodeUtf8 } from './utf8';

/**
 * Returns canonical JSON (RFC 8785): members in ascending order, no white space. Supports objects, lists, ASCII text, booleans, safe
 * integers and null. Leaves out members that are undefined.
 */
export function encodeCanonicalJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(sorted(value)));
}

/** JSON.stringify writes members in the order in which they were set. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}

/**
 * Reads only canonical JSON, so that each value has exactly one text. Refuses repeated members, white space, another order of members, and
 * other spellings of a character or number.
 * @throws ProtocolError `body_too_large` | `malformed_body`
 */
export function decodeCanonicalJson(bytes: Uint8Array, maxBytes: number): unknown {
  if (bytes.length > maxBytes) throw new ProtocolError('body_too_large', `more than ${maxBytes} bytes`);
  let value: unknown;
  let canonical: Uint8Array;
  try {
    value = JSON.parse(decodeUtf8(bytes));
    canonical = encodeCanonicalJson(value);
  } catch {
    // Not JSON, or nested too deeply to be encoded. The error has no cause, because JSON.parse quotes the input in its message.
    throw new ProtocolError('malformed_body', 'not JSON in UTF-8');
  }
  if (canonical.length !== bytes.length || canonical.some((byte, at) => byte !== bytes[at]))
    throw new ProtocolError('malformed_body', 'not canonical JSON');
  return value;
}
