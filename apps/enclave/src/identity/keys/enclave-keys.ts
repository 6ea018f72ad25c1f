import { importPrivateKey, keyIdOf, type KeyPair } from '@communique-tee/crypto';
import type { Nsm } from '@communique-tee/nsm';
import { KEY_SECRET_BYTES, toHex } from '@communique-tee/protocol';
import { createHash, createPrivateKey, createPublicKey, hkdfSync, randomBytes, type KeyObject } from 'node:crypto';

/**
 * The key pairs derived from one secret. Private keys never leave the enclave; with custody `kms` the secret leaves it, but only sealed, in
 * a key record.
 */
export interface EnclaveKeys {
  /** X25519: messages are sealed to it. */
  sealing: KeyPair<KeyObject>;
  /** 16 bytes. */
  keyId: Uint8Array;
  /** Ed25519: signs receipts. */
  receiptPrivateKey: KeyObject;
  /** 32 bytes. */
  receiptKey: Uint8Array;
  /** X25519, for the suite of the web client (legacy); null unless the configuration switches that suite on. */
  legacy: { pair: KeyPair<KeyObject>; keyId: Uint8Array } | null;
  /** `process`, or the ARN of the KMS key alias that guards the secret. */
  custody: string;
}

/** The bytes before the 32 bytes of the key in a PKCS #8 Ed25519 private key (RFC 8410 section 7). */
const ED25519_PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Returns 32 random bytes, mixed from the NSM's and the kernel's random numbers, so that one weak source does no harm. */
export async function createKeySecret(nsm: Nsm): Promise<Uint8Array> {
  const fromNsm = await nsm.random(KEY_SECRET_BYTES);
  const fromKernel = randomBytes(KEY_SECRET_BYTES);
  const secret = createHash('sha256').update(fromNsm).update(fromKernel).digest();
  fromNsm.fill(0);
  fromKernel.fill(0);
  return secret;
}

/**
 * Derives the key pairs of a secret: HKDF-SHA256 (RFC 5869) without salt, with one label for each pair. The same secret gives the same
 * pairs. The caller must wipe the secret. The private keys remain only in OpenSSL's key objects, which are wiped when they are freed.
 *
 * @param secret 32 bytes
 * @param legacySuite whether to derive a pair for the legacy suite too
 */
export function deriveEnclaveKeys(secret: Uint8Array, custody: string, legacySuite = false): EnclaveKeys {
  const sealing = derive(secret, 'communique-tee x25519 v1', importPrivateKey);
  const receiptPrivateKey = derive(secret, 'communique-tee ed25519 v1', importEd25519);
  const keyId = keyIdOf(sealing.publicKey);
  const receiptKey = rawPublicKey(receiptPrivateKey);
  const legacy = legacySuite ? derive(secret, 'communique-tee legacy x25519 v1', importPrivateKey) : null;
  return {
    sealing,
    keyId,
    receiptPrivateKey,
    receiptKey,
    custody,
    legacy: legacy && { pair: legacy, keyId: keyIdOf(legacy.publicKey) },
  };
}

export function keyIdText(keyId: Uint8Array): string {
  return toHex(keyId);
}

function derive<Key>(secret: Uint8Array, label: string, make: (seed: Uint8Array) => Key): Key {
  const seed = new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(0), label, 32));
  try {
    return make(seed);
  } finally {
    seed.fill(0);
  }
}

function importEd25519(seed: Uint8Array): KeyObject {
  const pkcs8 = Buffer.concat([ED25519_PKCS8_PREFIX, seed]);
  try {
    return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  } finally {
    pkcs8.fill(0);
  }
}

function rawPublicKey(privateKey: KeyObject): Uint8Array {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (x === undefined) throw new TypeError('not an Ed25519 key');
  return new Uint8Array(Buffer.from(x, 'base64url'));
}
