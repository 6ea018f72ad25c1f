import { ProtocolError } from '../problems';
import { fromHex, toHex } from '../encoding/text';

/** The client chooses a message id, 16 random bytes. As text it is a UUID of any version (RFC 9562 section 4). */
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
