import { constants, createCipheriv, publicEncrypt, randomBytes, type KeyObject } from 'node:crypto';

/**
 * The parts of a CiphertextForRecipient that a test replaces. The other parts have KMS's form, which RustCrypto/formats issue 779 and
 * librasn/rasn issue 66 show: indefinite lengths outside, a key identifier of 32 bytes, NULL after each SHA-256.
 */
export interface EnvelopeParts {
  contentType?: Uint8Array;
  version?: Uint8Array;
  recipientVersion?: Uint8Array;
  recipientId?: Uint8Array;
  keyAlgorithm?: Uint8Array;
  encryptedKey?: Uint8Array;
  /** Returns the recipients to write instead of the single one. */
  recipients?: (recipient: Uint8Array) => Uint8Array[];
  innerType?: Uint8Array;
  contentAlgorithm?: (iv: Uint8Array) => Uint8Array;
  /** Returns the content to write instead of `[0]` with one piece. */
  content?: (ciphertext: Uint8Array) => Uint8Array;
  /** Unprotected attributes, after the encrypted content. */
  attributes?: Uint8Array[];
  contentKey?: Uint8Array;
  lengths?: 'definite' | 'indefinite';
}

export function sealForRecipient(plaintext: Uint8Array, publicKey: KeyObject, parts: EnvelopeParts = {}): Uint8Array {
  const outer = parts.lengths === 'definite' ? tlv : indefinite;
  const key = parts.contentKey ?? randomBytes(32);
  const iv = randomBytes(16);
  const cipher = createCipheriv(key.length === 16 ? 'aes-128-cbc' : 'aes-256-cbc', key.subarray(0, 32), iv);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  const wrapped = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, key);
  const recipient = tlv(
    0x30,
    parts.recipientVersion ?? integer(2),
    parts.recipientId ?? tlv(0x80, randomBytes(32)),
    parts.keyAlgorithm ?? oaep(),
    parts.encryptedKey ?? tlv(0x04, wrapped),
  );
  return outer(
    0x30,
    parts.contentType ?? OIDS.envelopedData,
    outer(
      0xa0,
      outer(
        0x30,
        parts.version ?? integer(2),
        tlv(0x31, ...(parts.recipients?.(recipient) ?? [recipient])),
        outer(
          0x30,
          parts.innerType ?? OIDS.data,
          parts.contentAlgorithm?.(iv) ?? tlv(0x30, OIDS.aes256Cbc, tlv(0x04, iv)),
          parts.content?.(ciphertext) ?? outer(0xa0, tlv(0x04, ciphertext)),
        ),
        ...(parts.attributes ?? []),
      ),
    ),
  );
}

const oid = (hex: string) => tlv(0x06, Buffer.from(hex, 'hex'));
export const OIDS = {
  data: oid('2a864886f70d010701'),
  signedData: oid('2a864886f70d010702'),
  envelopedData: oid('2a864886f70d010703'),
  rsaEncryption: oid('2a864886f70d010101'),
  rsaesOaep: oid('2a864886f70d010107'),
  mgf1: oid('2a864886f70d010108'),
  pSpecified: oid('2a864886f70d010109'),
  sha1: oid('2b0e03021a'),
  sha256: oid('608648016503040201'),
  sha384: oid('608648016503040202'),
  aes128Cbc: oid('608648016503040102'),
  aes256Cbc: oid('60864801650304012a'),
  aes256Gcm: oid('60864801650304012e'),
};
export const NULL = tlv(0x05);

export function oaep(hash = tlv(0x30, OIDS.sha256, NULL), maskHash = hash, ...more: Uint8Array[]): Uint8Array {
  return tlv(0x30, OIDS.rsaesOaep, tlv(0x30, tlv(0xa0, hash), tlv(0xa1, tlv(0x30, OIDS.mgf1, maskHash)), ...more));
}

export function integer(value: number): Uint8Array {
  return tlv(0x02, Uint8Array.of(value));
}

export function tlv(tag: number, ...contents: Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Uint8Array.of(tag, ...size), content]);
}

export function indefinite(tag: number, ...contents: Uint8Array[]): Uint8Array {
  return Buffer.concat([Uint8Array.of(tag, 0x80), ...contents, Uint8Array.of(0, 0)]);
}
