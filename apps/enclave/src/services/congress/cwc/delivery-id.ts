import { createHmac } from 'node:crypto';
import { hasOfficeForm, MESSAGE_ID_BYTES } from '@communique-tee/protocol';

const DOMAIN = 'communique-tee delivery id v1';
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const LENGTH = 32;

/**
 * The DeliveryId of one office's copy: 32 letters and digits (CWC's uid_type; about 190 bits). HMAC-SHA256 (RFC 2104) under the
 * secret that the client sealed in, over domain, message id (16 bytes) and office: the same copy has the same id whenever and
 * wherever it is sent again, and who does not hold the secret can neither guess it nor occupy it beforehand.
 *
 * @param deliverySecret 32 bytes
 * @param messageId 16 bytes
 * @throws RangeError for other lengths or an office that is none
 */
export function deliveryId(deliverySecret: Uint8Array, messageId: Uint8Array, office: string): string {
  if (deliverySecret.length !== 32) throw new RangeError('a delivery secret has 32 bytes');
  if (messageId.length !== MESSAGE_ID_BYTES) throw new RangeError('a message id has 16 bytes');
  if (!hasOfficeForm(office)) throw new RangeError('not an office');
  let id = '';
  for (let block = 0; id.length < LENGTH; block++) {
    const bytes = createHmac('sha256', deliverySecret)
      .update(DOMAIN)
      .update(Uint8Array.of(0))
      .update(messageId)
      .update(office)
      .update(Uint8Array.of(block))
      .digest();
    for (const byte of bytes) {
      // 248 = 4 * 62: larger bytes would favour the first letters, and are passed over
      if (byte < 248 && id.length < LENGTH) id += ALPHABET.charAt(byte % 62);
    }
  }
  return id;
}
