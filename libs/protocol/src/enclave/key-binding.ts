import * as z from 'zod';
import { bytesOf } from '../encoding/bytes';
import { decodeStrict, encodeCanonical } from '../encoding/cbor';
import { KEY_ID_BYTES } from '../messages/sealed-message';
import { ProtocolError } from '../problems';

/**
 * The key binding: what an enclave states about its keys in the `user_data` of its attestation documents. `user_data` has at most
 * 512 bytes, so version 2 is a compact form, a canonical CBOR array:
 * `[2, key id (16), receipt key (32), custody (text), configuration SHA-256 (32), legacy key (32) or null]`.
 * The X25519 key itself is the document's `public_key`.
 *
 * Only libs/enclave-identity decodes a key binding, because that library also compares the key id with the key. A lint rule enforces this.
 */
export interface KeyBinding {
  /** 16 bytes: the first half of SHA-256("communique-tee key id v1" || public key). */
  keyId: Uint8Array;
  /** 32 bytes, Ed25519: signs receipts. */
  receiptKey: Uint8Array;
  /**
   * How the enclave keeps its keys: `process` (they end with the process, or by their age), or the ARN of the KMS key alias that
   * guards them.
   */
  custody: string;
  /** SHA-256 of the enclave's public configuration (public-configuration.ts), 32 bytes. */
  configSha256: Uint8Array;
  /** 32 bytes, X25519: the key of the legacy suite. Absent if the image has that suite off. */
  legacyKey?: Uint8Array;
}

export const PROCESS_CUSTODY = 'process';
export const PUBLIC_KEY_BYTES = 32;
export const RECEIPT_KEY_BYTES = 32;
export const MAX_USER_DATA_BYTES = 512;
export const MAX_CUSTODY_CHARACTERS = 380;

export const KMS_ALIAS_ARN = /^arn:aws[a-z-]*:kms:[a-z0-9-]{1,32}:[0-9]{12}:alias\/[A-Za-z0-9/_-]{1,256}$/;

/** `process`, or the ARN of a KMS key alias. */
export const custodySchema = z.union([
  z.literal(PROCESS_CUSTODY),
  z.string().max(MAX_CUSTODY_CHARACTERS).regex(KMS_ALIAS_ARN),
]);

const VERSION = 2;

const schema = z.tuple([
  z.literal(VERSION),
  bytesOf(KEY_ID_BYTES),
  bytesOf(RECEIPT_KEY_BYTES),
  custodySchema,
  bytesOf(32),
  bytesOf(PUBLIC_KEY_BYTES).nullable(),
]);

const KEY_ID_DOMAIN = 'communique-tee key id v1';

/**
 * Returns 16 bytes: the first half of SHA-256 over a domain text and the key.
 * @param publicKey 32 bytes, X25519
 */
export function keyIdBy(sha256: (bytes: Uint8Array) => Uint8Array, publicKey: Uint8Array): Uint8Array {
  const domain = new TextEncoder().encode(KEY_ID_DOMAIN);
  const input = new Uint8Array(domain.length + publicKey.length);
  input.set(domain);
  input.set(publicKey, domain.length);
  return sha256(input).slice(0, KEY_ID_BYTES);
}

/** Returns at most 504 bytes. */
export function encodeKeyBinding({ keyId, receiptKey, custody, configSha256, legacyKey }: KeyBinding): Uint8Array {
  return encodeCanonical([VERSION, keyId, receiptKey, custody, configSha256, legacyKey ?? null]);
}

/** The content of `user_data`: a key binding, a binding of another version, or something else. */
export type DecodedKeyBinding =
  | { readonly kind: 'binding'; readonly binding: KeyBinding }
  /** Version 1, which was a map, or a later version. */
  | { readonly kind: 'other_version'; readonly version: number }
  | { readonly kind: 'invalid' };

export function decodeKeyBinding(userData: Uint8Array): DecodedKeyBinding {
  let value: unknown;
  try {
    value = decodeStrict(userData, MAX_USER_DATA_BYTES);
  } catch (error) {
    if (error instanceof ProtocolError) return { kind: 'invalid' };
    throw error;
  }
  const version = versionOf(value);
  if (version !== undefined && version !== VERSION) return { kind: 'other_version', version };
  const parsed = schema.safeParse(value);
  if (!parsed.success) return { kind: 'invalid' };
  const [, keyId, receiptKey, custody, configSha256, legacyKey] = parsed.data;
  return { kind: 'binding', binding: { keyId, receiptKey, custody, configSha256, ...(legacyKey && { legacyKey }) } };
}

/** Returns the version: `v` of the map of version 1, which also has `key_id`; from version 2 on, the first item of an array. */
function versionOf(value: unknown): number | undefined {
  const version: unknown = Array.isArray(value)
    ? value[0]
    : typeof value === 'object' && value !== null && 'v' in value && 'key_id' in value
      ? value.v
      : undefined;
  return typeof version === 'number' ? version : undefined;
}
