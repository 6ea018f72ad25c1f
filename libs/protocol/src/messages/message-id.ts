import { ProtocolError } from '../problems';
import { fromHex, toHex } from '../encoding/text';

/** A message id is 16 random bytes chosen by the client; its text form is that of a UUID (RFC 9562 section 4), any version. */
export const MESSAGE_ID_BYTES = 16;
export const MESSAGE_ID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function messageIdToText(id: Uint8Array): string {
  if (id.length !== MESSAGE_ID_BYTES) throw new ProtocolError('malformed_body', 'a message id has 16 bytes');
  return toHex(id).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** @throws ProtocolError `malformed_body` */
export function messageIdFromText(text: string): Uint8Array {
  if (!MESSAGE_ID_PATTERN.test(text)) throw new ProtocolError('malformed_body', 'a message id is a lowercase UUID');
  return fromHex(text.replaceAll('-', ''));
}
