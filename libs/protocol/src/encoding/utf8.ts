import { ProtocolError } from '../problems';

/** `ignoreBOM` keeps U+FEFF at the start. Without it TextDecoder drops the character, so two byte strings would give the same text. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Returns the text of these bytes. Encoding the text again gives the same bytes.
 * @throws ProtocolError `malformed_body` for bytes that are not UTF-8 (RFC 3629)
 */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new ProtocolError('malformed_body', 'not UTF-8');
  }
}
