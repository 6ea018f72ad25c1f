import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { openEnvelope } from './open-envelope';

/**
 * The RSA-2048 key to which KMS encrypts its answers. The attestation document contains the public key. The private key never leaves
 * the enclave.
 */
export interface RecipientKey {
  /** SubjectPublicKeyInfo in DER, 294 bytes. */
  publicKeySpki: Uint8Array;
  /** @throws KmsError `kms_answer_invalid` */
  open(ciphertextForRecipient: Uint8Array): Uint8Array;
}

/** Makes a key on another thread, because the search for primes takes a tenth of a second or more and would block the event loop. */
export async function makeRecipientKey(): Promise<RecipientKey> {
  return recipientKeyOf(await promisify(generateKeyPair)('rsa', { modulusLength: 2048, publicExponent: 0x10001 }));
}

export function recipientKeyOf({
  publicKey,
  privateKey,
}: {
  publicKey: KeyObject;
  privateKey: KeyObject;
}): RecipientKey {
  return {
    publicKeySpki: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
    open: (ciphertextForRecipient) => openEnvelope(ciphertextForRecipient, privateKey),
  };
}
