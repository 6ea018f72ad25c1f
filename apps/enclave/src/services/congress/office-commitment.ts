import { commitToOffice } from '@communique-tee/receipts';
import { createHmac, createSecretKey } from 'node:crypto';

const DOMAIN = 'communique-tee office salt v1';

/**
 * Returns the salt of an office's commitment in a receipt, 32 bytes. It is HMAC-SHA256 (RFC 2104) under the delivery secret inside the
 * sealed message, over domain, a zero byte, message id (16 bytes), the receipt's time (8 bytes, big-endian) and office. The salt differs in
 * each receipt, and looks random without the secret. Another enclave with the same keys can open the message, compute the salts and so find
 * the offices in the receipt.
 *
 * @param deliverySecret 32 bytes
 * @param time Unix seconds
 */
export function officeSalt(
  deliverySecret: Uint8Array,
  messageId: Uint8Array,
  time: number,
  office: string,
): Uint8Array {
  const seconds = Buffer.alloc(8);
  seconds.writeBigUInt64BE(BigInt(time));
  // createHmac is three times as fast with a key object as with bytes
  const hmac = createHmac('sha256', createSecretKey(deliverySecret)).update(DOMAIN).update(Uint8Array.of(0));
  return new Uint8Array(hmac.update(messageId).update(seconds).update(office).digest());
}

/** Returns the office's commitment in a receipt of that time, 32 bytes. */
export function officeCommitment(...salted: Parameters<typeof officeSalt>): Uint8Array {
  return commitToOffice(officeSalt(...salted), salted[3]);
}
