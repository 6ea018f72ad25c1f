import { createHmac } from 'node:crypto';
import { hasOfficeForm, MESSAGE_ID_BYTES } from '@communique-tee/protocol';

const DOMAIN = 'communique-tee delivery id v1';
const PROVEN_DOMAIN = 'communique-tee proven delivery id v1';
const KEY_BYTES = 32;
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const LENGTH = 32;

/**
 * The DeliveryId of one office's copy: 32 letters and digits (CWC's uid_type; about 190 bits). HMAC-SHA256 (RFC 2104)
 * under the secret that the client sealed in, over domain, message id (16 bytes) and office: the same copy has the
 * same id in every attempt by any enclave, and an attacker without the secret can neither guess the id nor use it up
 * beforehand.
 *
 * @param deliverySecret 32 bytes
 * @param messageId 16 bytes
 * @throws RangeError for other lengths, or an office without the form of an office code
 */
export function deliveryId(deliverySecret: Uint8Array, messageId: Uint8Array, office: string): string {
  if (messageId.length !== MESSAGE_ID_BYTES) throw new RangeError('a message id has 16 bytes');
  return idUnder(deliverySecret, DOMAIN, messageId, office);
}

/**
 * The DeliveryId of a message with a proof of residence: under `delivery`, which is the same in all messages of a person and campaign,
 * and without the message id. So a chamber that de-duplicates takes only one of these messages. The ids of one person's campaigns cannot
 * be linked.
 *
 * @param delivery 32 bytes, opened from the claim
 * @throws RangeError as `deliveryId`
 */
export function provenDeliveryId(delivery: Uint8Array, office: string): string {
  return idUnder(delivery, PROVEN_DOMAIN, new Uint8Array(), office);
}

function idUnder(key: Uint8Array, domain: string, messageId: Uint8Array, office: string): string {
  if (key.length !== KEY_BYTES) throw new RangeError('the key of a DeliveryId has 32 bytes');
  if (!hasOfficeForm(office)) throw new RangeError('not an office');
  let id = '';
  for (let block = 0; id.length < LENGTH; block++) {
    const bytes = createHmac('sha256', key)
      .update(domain)
      .update(Uint8Array.of(0))
      .update(messageId)
      .update(office)
      .update(Uint8Array.of(block))
      .digest();
    for (const byte of bytes) {
      // 248 = 4 * 62: larger bytes would favor the first characters, and are skipped
      if (byte < 248 && id.length < LENGTH) id += ALPHABET.charAt(byte % 62);
    }
  }
  return id;
}
