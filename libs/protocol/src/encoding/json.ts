import { ProtocolError } from '../problems';
import { LIMITS } from '../limits';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);

/** UTF-8 JSON (RFC 8259), not nested deeper than LIMITS.maxDepth. @throws ProtocolError `malformed_body`, with nothing of the input */
export function decodeJson(bytes: Uint8Array): unknown {
  refuseDepth(bytes);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)) as unknown;
  } catch {
    // No cause: JSON.parse quotes the input in its message
    throw new ProtocolError('malformed_body', 'not JSON in UTF-8');
  }
}

/** Looks at brackets outside of strings, before anything is built. */
function refuseDepth(bytes: Uint8Array): void {
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) at = endOfString(bytes, at);
    else if (OPEN.has(byte)) depth++;
    else if (CLOSE.has(byte)) depth--;
    if (depth > LIMITS.maxDepth) throw new ProtocolError('malformed_body', `nested deeper than ${LIMITS.maxDepth}`);
  }
}

/** Index of the closing quote: the next one after an even number of backslashes. */
function endOfString(bytes: Uint8Array, start: number): number {
  for (let at = start; ;) {
    at = bytes.indexOf(QUOTE, at + 1);
    if (at < 0) return bytes.length;
    let slashes = 0;
    while (bytes[at - 1 - slashes] === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return at;
  }
}
