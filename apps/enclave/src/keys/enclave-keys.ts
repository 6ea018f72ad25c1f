import { keyIdOf, importPrivateKey, type KeyPair } from '@communique-tee/crypto';
import type { Nsm } from '@communique-tee/nsm';
import { PROCESS_CUSTODY, encodeKeyBinding, toHex } from '@communique-tee/protocol';
import { createHash, createPrivateKey, createPublicKey, randomBytes, type KeyObject } from 'node:crypto';

/**
 * The enclave's two key pairs. They are made when it starts, live in this process alone and end with it (custody `process`);
 * only their public halves ever leave, inside attestation documents.
 */
export interface EnclaveKeys {
  /** X25519: messages are sealed to it. */
  sealing: KeyPair<KeyObject>;
  /** 16 bytes. */
  keyId: Uint8Array;
  /** Ed25519: signs receipts. */
  receiptPrivateKey: KeyObject;
  /** The canonical CBOR that stands as `user_data` in documents for clients. */
  binding: Uint8Array;
  custody: string;
}

/** RFC 8410 section 7: everything of a PKCS #8 Ed25519 key before its 32 bytes. */
const ED25519_PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

export async function createEnclaveKeys(nsm: Nsm): Promise<EnclaveKeys> {
  const sealing = importPrivateKey(await seed(nsm));
  const receiptPrivateKey = createPrivateKey({ key: Buffer.concat([ED25519_PKCS8_PREFIX, await seed(nsm)]), format: 'der', type: 'pkcs8' });
  const keyId = keyIdOf(sealing.publicKey);
  const custody = PROCESS_CUSTODY;
  return { sealing, keyId, receiptPrivateKey, custody, binding: encodeKeyBinding({ keyId, receiptKey: rawPublicKey(receiptPrivateKey), custody }) };
}

export function keyIdText(keys: EnclaveKeys): string {
  return toHex(keys.keyId);
}

/** 32 bytes from two sources, the NSM's and the kernel's, so that either alone being weak does no harm. */
async function seed(nsm: Nsm): Promise<Uint8Array> {
  return createHash('sha256').update(await nsm.random(32)).update(randomBytes(32)).digest();
}

function rawPublicKey(privateKey: KeyObject): Uint8Array {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (x === undefined) throw new TypeError('not an Ed25519 key');
  return new Uint8Array(Buffer.from(x, 'base64url'));
}
