import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { KmsFailure } from '../failure';

/** Public names and values. Policies check them, and the cipher authenticates them. */
export type EncryptionContext = Readonly<Record<string, string>>;

// A header of our own, so that a real KMS refuses these blobs and this simulator refuses the blobs of a real KMS.
const VERSION = Uint8Array.of(0x6b, 0x73, 0x69, 0x6d, 0x01); // "ksim", version 1
const KEY_ID_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = VERSION.length + KEY_ID_BYTES;

/** `version | key id (16) | iv (12) | AES-256-GCM ciphertext | tag (16)`; header and encryption context are authenticated. */
export function encryptUnder(
  secret: Uint8Array,
  keyId: string,
  plaintext: Uint8Array,
  context: EncryptionContext,
): Uint8Array {
  const head = Buffer.concat([VERSION, Buffer.from(keyId.replaceAll('-', ''), 'hex')]);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', secret, iv).setAAD(associatedData(head, context));
  return new Uint8Array(Buffer.concat([head, iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
}

/**
 * Returns the id of the key that a blob names. The id is not authenticated yet.
 * @throws KmsFailure InvalidCiphertextException
 */
export function keyIdOf(blob: Uint8Array): string {
  const isOurs =
    blob.length >= HEAD_BYTES + IV_BYTES + TAG_BYTES && VERSION.every((byte, index) => blob[index] === byte);
  if (!isOurs) throw new KmsFailure('InvalidCiphertextException');
  const hex = Buffer.from(blob.subarray(VERSION.length, HEAD_BYTES)).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** @throws KmsFailure InvalidCiphertextException if the blob was changed, or the context differs */
export function decryptUnder(secret: Uint8Array, blob: Uint8Array, context: EncryptionContext): Uint8Array {
  const [head, iv] = [blob.subarray(0, HEAD_BYTES), blob.subarray(HEAD_BYTES, HEAD_BYTES + IV_BYTES)];
  const decipher = createDecipheriv('aes-256-gcm', secret, iv, { authTagLength: TAG_BYTES }).setAAD(
    associatedData(head, context),
  );
  decipher.setAuthTag(blob.subarray(blob.length - TAG_BYTES));
  try {
    return new Uint8Array(
      Buffer.concat([decipher.update(blob.subarray(HEAD_BYTES + IV_BYTES, blob.length - TAG_BYTES)), decipher.final()]),
    );
  } catch {
    // No message, because KMS gives no reason
    throw new KmsFailure('InvalidCiphertextException');
  }
}

/** Returns header and context as associated data. The order of the context's names does not matter, as in KMS. */
function associatedData(head: Uint8Array, context: EncryptionContext): Uint8Array {
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat([head, Buffer.from(JSON.stringify(pairs), 'utf8')]);
}
