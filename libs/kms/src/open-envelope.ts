import { constants, createDecipheriv, privateDecrypt, type KeyObject } from 'node:crypto';
import { KmsError } from './errors';
import { readEnvelope, type Envelope } from './read-envelope';

/**
 * Returns the plaintext of KMS's `CiphertextForRecipient`, opened with an RSA-2048 private key. Zeroes the AES key, and any decrypted
 * text that it refuses.
 *
 * AES-CBC does not authenticate the plaintext. An attacker who could change the bytes could change the plaintext, and learn about it
 * from refused paddings. No attacker can change them, because they come from KMS over TLS that ends in this enclave. Later steps check
 * the plaintext too: only the right data key opens the key record, and KMS authenticates the operator's ciphertexts (AES-GCM, with the
 * encryption context).
 * @returns at least 1 byte
 * @throws KmsError `kms_answer_invalid`
 */
export function openEnvelope(ber: Uint8Array, privateKey: KeyObject): Uint8Array {
  const envelope = readEnvelope(ber);
  const key = contentKey(envelope, privateKey);
  try {
    return decryptContent(envelope, key);
  } finally {
    key.fill(0);
  }
}

function contentKey({ encryptedKey }: Envelope, privateKey: KeyObject): Uint8Array {
  let key: Uint8Array;
  try {
    // Without another option, OpenSSL uses the same hash for MGF1
    key = privateDecrypt(
      { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
      encryptedKey,
    );
  } catch {
    throw new KmsError('kms_answer_invalid', 'the envelope is not for this key');
  }
  if (key.length === 32) return key;
  key.fill(0);
  throw new KmsError('kms_answer_invalid', "the envelope's key has a wrong length");
}

function decryptContent({ iv, encryptedContent }: Envelope, key: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  try {
    const decipher = createDecipheriv('aes-256-cbc', key, iv);
    parts.push(decipher.update(encryptedContent));
    parts.push(decipher.final());
    const plaintext = new Uint8Array(parts.reduce((length, part) => length + part.length, 0)); // A separate buffer, which the caller can zero
    let offset = 0;
    for (const part of parts) {
      plaintext.set(part, offset);
      offset += part.length;
    }
    if (plaintext.length > 0) return plaintext;
  } catch {
    throw new KmsError('kms_answer_invalid', "the padding of the envelope's content is wrong");
  } finally {
    for (const part of parts) part.fill(0);
  }
  throw new KmsError('kms_answer_invalid', 'the envelope is empty');
}
