import { createHmac, createSecretKey } from 'node:crypto';
import { hasOfficeForm, MESSAGE_ID_BYTES } from '@communique-tee/protocol';

const DOMAIN = 'communique-tee delivery id v1';
const PROVEN_DOMAIN = 'communique-tee proven delivery id v1';
const KEY_BYTES = 32;
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const LENGTH = 32;

/**
 * Returns the DeliveryId of one office's copy: 32 letters and digits (CWC's uid_type; about 190 bits). It is an HMAC-SHA256 (RFC 2104)
 * under the secret inside the sealed message, over domain, message id (16 bytes) and office. So a copy has the same id in every attempt by
 * any enclave, and an attacker without the secret can neither guess the id nor use it beforehand.
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
 * Returns the DeliveryId of a copy of a message with a proof of residence. The HMAC's key is `delivery`, which is the same in all messages of
 * one person in one campaign. The HMAC leaves out the message id. So a chamber that de-duplicates accepts only one of these messages. The
 * ids of one person in different campaigns cannot be linked.
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
  // With a key object, createHmac needs a third of the time that it needs with bytes
  const secret = createSecretKey(key);
  let id = '';
  for (let block = 0; id.length < LENGTH; block++) {
    const bytes = createHmac('sha256', secret)
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
