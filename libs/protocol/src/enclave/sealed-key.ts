import * as z from 'zod';
import { KMS_ALIAS_ARN, PUBLIC_KEY_BYTES, RECEIPT_KEY_BYTES } from './key-binding';
import { decodeStrict, encodeCanonical } from '../encoding/cbor';
import { ProtocolError } from '../problems';
import { bytesOf, bytesUpTo } from '../encoding/bytes';
import { KEY_ID_BYTES } from '../messages/sealed-message';

/** The limit for a key record: its core, its maker's document (at most 16 KiB) and the sealed secret. */
export const MAX_SEALED_KEY_BYTES = 24 * 1024;
/** The length of the sealed secret. The enclave derives every key pair of the record from it. */
export const KEY_SECRET_BYTES = 32;
export const PCR_BYTES = 48;

const seconds = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const coreShape = {
  v: z.literal(1),
  /** 16 bytes: the id of the X25519 public key. */
  key_id: bytesOf(KEY_ID_BYTES),
  /** Numbers the keys of one custody and image, from 1. The usable key with the highest epoch is current. */
  epoch: z.int().min(1).max(0xffff_ffff),
  /** ARN of the KMS key alias that guards the key. */
  custody: z.string().max(380).regex(KMS_ALIAS_ARN),
  /** 48 bytes: the PCR0 of the image that made the key. No other image can open it. */
  pcr0: bytesOf(PCR_BYTES),
  /** Seconds since 1970 by the maker's attested clock. */
  created: seconds,
  /** From this time on another key should be current. */
  rotate_after: seconds,
  /** From this time on no enclave opens the record, because every message sealed to it has expired. */
  destroy_after: seconds,
  public_key: bytesOf(PUBLIC_KEY_BYTES),
  receipt_key: bytesOf(RECEIPT_KEY_BYTES),
  /** The X25519 key of the legacy suite. Absent if the image has that suite off. */
  legacy_key: bytesOf(PUBLIC_KEY_BYTES).optional(),
  /** KMS's CiphertextBlob of the data key. */
  data_key: bytesUpTo(1024),
} as const;

const coreSchema = z.strictObject(coreShape);
const recordSchema = z.strictObject({
  core: coreSchema,
  /**
   * An attestation document of the enclave that made the key, 1 to 16,384 bytes. `encodeSealedKeyMaker` makes its `user_data` from the
   * core's SHA-256.
   */
  maker: bytesUpTo(16_384),
  /** XChaCha20-Poly1305. */
  nonce: bytesOf(24),
  /** The encrypted secret (32 bytes) and the tag (16 bytes); associated data: `sealedKeyAssociatedData`. */
  sealed: bytesOf(KEY_SECRET_BYTES + 16),
});

/** A key record without its secret. */
export type SealedKeyCore = z.infer<typeof coreSchema>;
/** A key record. Only an attested enclave can open it, because KMS decrypts the data key for no other caller. */
export type SealedKeyRecord = z.infer<typeof recordSchema>;

export function encodeSealedKey(record: SealedKeyRecord): Uint8Array {
  return encodeCanonical(record);
}

/** @throws ProtocolError `body_too_large` | `malformed_body` */
export function decodeSealedKey(bytes: Uint8Array): SealedKeyRecord {
  const parsed = recordSchema.safeParse(decodeStrict(bytes, MAX_SEALED_KEY_BYTES));
  if (!parsed.success) throw new ProtocolError('malformed_body', 'not a sealed key');
  const { created, rotate_after, destroy_after } = parsed.data.core;
  if (created >= rotate_after || rotate_after >= destroy_after)
    throw new ProtocolError('malformed_body', 'the times of a sealed key are out of order');
  return parsed.data;
}

/** Returns the canonical CBOR of the core. The maker's document contains its SHA-256. */
export function encodeSealedKeyCore(core: SealedKeyCore): Uint8Array {
  return encodeCanonical(core);
}

const makerSchema = z.strictObject({ v: z.literal(1), purpose: z.literal('sealed-key'), core_sha256: bytesOf(32) });

/** Returns the `user_data` of a maker's document. `purpose` distinguishes it from a key binding. */
export function encodeSealedKeyMaker(coreSha256: Uint8Array): Uint8Array {
  return encodeCanonical({ v: 1, purpose: 'sealed-key', core_sha256: coreSha256 });
}

/** @returns SHA-256 of the core, 32 bytes. @throws ProtocolError `malformed_body` */
export function decodeSealedKeyMaker(userData: Uint8Array): Uint8Array {
  const parsed = makerSchema.safeParse(decodeStrict(userData, 512));
  if (!parsed.success) throw new ProtocolError('malformed_body', 'user_data does not name a sealed key');
  return parsed.data.core_sha256;
}

/** Returns the associated data of the sealed secret: the whole core and the hash of the maker's document. */
export function sealedKeyAssociatedData(core: SealedKeyCore, makerSha256: Uint8Array): Uint8Array {
  return encodeCanonical({ v: 1, purpose: 'sealed-key', core, maker_sha256: makerSha256 });
}
