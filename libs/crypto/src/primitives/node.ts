import { hchacha } from '@noble/ciphers/chacha.js';
import nodeCrypto, {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hash,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import type { KeyPair, Primitives } from './primitives';

/** The bytes of a PKCS #8 X25519 key before its 32 key bytes (RFC 8410 section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');
const SIGMA = new Uint32Array(new TextEncoder().encode('expand 32-byte k').buffer);
const TAG_BYTES = 16;
const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;

/** The primitives for the enclave and every other program on Node. Importing a public key as JWK is three times faster than as DER. */
export const nodePrimitives: Primitives<KeyObject> = {
  generateKeyPair: () => withPublicKey(generateKeyPairSync('x25519').privateKey),
  importPrivateKey(raw) {
    const pkcs8 = Buffer.concat([PKCS8_PREFIX, raw]);
    try {
      return withPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }));
    } finally {
      pkcs8.fill(0);
    }
  },
  diffieHellman: (privateKey, publicKey) =>
    diffieHellman({
      privateKey,
      publicKey: createPublicKey({
        key: { kty: 'OKP', crv: 'X25519', x: asBuffer(publicKey).toString('base64url') },
        format: 'jwk',
      }),
    }),
  // One call of OpenSSL for the exchange and its HKDF, without an import of the peer's key. Undefined in Node before 24.7, where the
  // callers use the other primitives.
  decapsulate: (nodeCrypto as Partial<typeof nodeCrypto>).decapsulate,
  sha256: (message) => hash('sha256', message, 'buffer'),
  hmacSha256,
  aeadSeal(key, nonce, associatedData, plaintext) {
    const cipher = createCipheriv('chacha20-poly1305', subkey(key, nonce), shortNonce(nonce), {
      authTagLength: TAG_BYTES,
    });
    cipher.setAAD(associatedData, { plaintextLength: plaintext.length });
    const body = cipher.update(plaintext);
    cipher.final();
    return Buffer.concat([body, cipher.getAuthTag()]);
  },
  aeadOpen(key, nonce, associatedData, ciphertext) {
    const length = ciphertext.length - TAG_BYTES;
    if (length < 0) return undefined;
    const decipher = createDecipheriv('chacha20-poly1305', subkey(key, nonce), shortNonce(nonce), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(associatedData, { plaintextLength: length });
    decipher.setAuthTag(ciphertext.subarray(length));
    const plaintext = decipher.update(ciphertext.subarray(0, length));
    try {
      decipher.final();
      return plaintext;
    } catch {
      plaintext.fill(0);
      return undefined;
    }
  },
  randomBytes: (length) => randomBytes(length),
};

/**
 * HMAC (RFC 2104) from two calls of `hash`. Making an HMAC object takes Node longer than the hashing, and an exchange needs six HMACs.
 * Takes only keys of at most one block (64 bytes); all keys of HPKE have 32.
 */
function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  if (key.length > BLOCK_BYTES) throw new RangeError('a key of at most 64 bytes');
  const inner = new Uint8Array(BLOCK_BYTES + message.length).fill(0x36, 0, BLOCK_BYTES);
  const outer = new Uint8Array(BLOCK_BYTES + DIGEST_BYTES).fill(0x5c, 0, BLOCK_BYTES);
  for (let at = 0; at < key.length; at++) {
    const byte = key[at] ?? 0;
    inner[at] = byte ^ 0x36;
    outer[at] = byte ^ 0x5c;
  }
  inner.set(message, BLOCK_BYTES);
  outer.set(hash('sha256', inner, 'buffer'), BLOCK_BYTES);
  return hash('sha256', outer, 'buffer');
}

/**
 * Returns the subkey for XChaCha20, which is ChaCha20 under a subkey that HChaCha20 makes from the first 16 bytes of the nonce
 * (draft-irtf-cfrg-xchacha-03 section 2.3).
 */
function subkey(key: Uint8Array, nonce: Uint8Array): Uint8Array {
  const out = new Uint32Array(8);
  hchacha(SIGMA, words(key, 0, 8), words(nonce, 0, 4), out);
  return new Uint8Array(out.buffer);
}

/** Returns the nonce for ChaCha20: four zero bytes and the last 8 of the 24 bytes. */
function shortNonce(nonce: Uint8Array): Uint8Array {
  const short = new Uint8Array(12);
  short.set(nonce.subarray(16, 24), 4);
  return short;
}

/**
 * Returns bytes as little-endian words; x86-64 and arm64 are both little-endian. Copies the bytes, because words must be aligned, and a
 * Buffer's own `slice` is only a view.
 */
function words(bytes: Uint8Array, from: number, count: number): Uint32Array {
  const copy = new Uint32Array(count);
  new Uint8Array(copy.buffer).set(bytes.subarray(from, from + count * 4));
  return copy;
}

function withPublicKey(privateKey: KeyObject): KeyPair<KeyObject> {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (x === undefined) throw new TypeError('not an X25519 key');
  return { privateKey, publicKey: new Uint8Array(Buffer.from(x, 'base64url')) };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
