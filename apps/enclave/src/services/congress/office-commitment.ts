import { commitToOffice } from '@communique-tee/receipts';
import { createHmac } from 'node:crypto';

const DOMAIN = 'communique-tee office salt v1';

/**
 * The salt of an office's commitment in a receipt: 32 bytes, HMAC-SHA256 (RFC 2104) under the secret that the client sealed in, over
 * domain, message id (16 bytes), the receipt's time (8 bytes, big-endian) and office. It looks random to everyone else and differs in
 * each receipt. An enclave that opens the same message can compute it, and so find the offices in a receipt of another enclave with the
 * same keys.
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
  const hmac = createHmac('sha256', deliverySecret).update(DOMAIN).update(Uint8Array.of(0));
  return new Uint8Array(hmac.update(messageId).update(seconds).update(office).digest());
}

/** The office's commitment in a receipt of that time: 32 bytes. */
export function officeCommitment(...salted: Parameters<typeof officeSalt>): Uint8Array {
  return commitToOffice(officeSalt(...salted), salted[3]);
}
