import * as z from 'zod';
import { decodeStrict, encodeCanonical } from '../encoding/cbor';
import { ProtocolError } from '../problems';
import { LIMITS } from '../limits';
import { base64UrlLength, base64UrlPattern, base64UrlText } from '../encoding/base64-text';
import { bytesOf } from '../encoding/bytes';
import { fromBase64Url, toBase64Url } from '../encoding/text';
import { describeIssues } from './describe-issues';
import { MESSAGE_ID_PATTERN, messageIdFromText, messageIdToText } from './message-id';

/**
 * Sealing suites by number. 1: HPKE base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, export-only (RFC 9180), and XChaCha20-Poly1305
 * under the exported secret. 2: the suite of the web client (legacy), whose messages have another form (legacy/legacy-message.ts).
 */
export const SUITES = { 'hpke-x25519-hkdfsha256-xchacha20poly1305': 1, 'x25519-blake2b-xchacha20poly1305': 2 } as const;
export type Suite = keyof typeof SUITES;
export const DEFAULT_SUITE = 'hpke-x25519-hkdfsha256-xchacha20poly1305' as const satisfies Suite;
export const LEGACY_SUITE = 'x25519-blake2b-xchacha20poly1305' as const satisfies Suite;

export const KEY_ID_BYTES = 16;
export const NULLIFIER_BYTES = 32;
export const ENCAPSULATED_KEY_BYTES = 32;
export const XCHACHA_NONCE_BYTES = 24;
export const POLY1305_TAG_BYTES = 16;

/** The header of a sealed message. All but the suite is the ciphertext's associated data. */
export interface SealedHeader {
  suite: typeof DEFAULT_SUITE;
  /** The id of the enclave's key, 16 bytes (see key-binding.ts). */
  keyId: Uint8Array;
  /** 16 random bytes that the client chooses. */
  messageId: Uint8Array;
  /** Unix seconds. After this time the enclave does not open the message. */
  expiresAtSeconds: number;
  /** 32 bytes, a public input of the proof of residence (envelope.ts). Null without a proof. */
  nullifier: Uint8Array | null;
}

export interface SealedMessage extends SealedHeader {
  /** The client's ephemeral X25519 key, 32 bytes. */
  encapsulatedKey: Uint8Array;
  /** 24 random bytes. */
  nonce: Uint8Array;
  /** The encrypted padded text, a power of two from 1 KiB to 256 KiB, and the 16-byte tag. */
  ciphertext: Uint8Array;
}

const unixSeconds = z.int().min(0).max(0xffff_ffff);

const wireSchema = z.tuple([
  z.literal(1),
  z.literal(1),
  bytesOf(KEY_ID_BYTES),
  bytesOf(16),
  unixSeconds,
  bytesOf(NULLIFIER_BYTES).nullable(),
  bytesOf(ENCAPSULATED_KEY_BYTES),
  bytesOf(XCHACHA_NONCE_BYTES),
  z.custom<Uint8Array>(
    (value) => value instanceof Uint8Array && isBucketCiphertext(value),
    'a size bucket and its tag',
  ),
]);

/**
 * Returns the binary form ("form 1"): the canonical CBOR array `[1, suite, key id, message id, expiry, nullifier, encapsulated key, nonce,
 * ciphertext]`, 106 to 141 bytes longer than the ciphertext. `sealed_sha256` is the hash of these bytes, with a proof or without.
 */
export function encodeSealedMessage(message: SealedMessage): Uint8Array {
  return encodeCanonical([
    1,
    SUITES[message.suite],
    message.keyId,
    message.messageId,
    message.expiresAtSeconds,
    message.nullifier,
    message.encapsulatedKey,
    message.nonce,
    message.ciphertext,
  ]);
}

/**
 * Reads form 1 with any nullifier. For bytes that a client posted, call decodeEnvelope instead.
 * @throws ProtocolError `body_too_large` | `malformed_body` | `suite_unsupported`
 */
export function decodeSealedMessage(encoded: Uint8Array): SealedMessage {
  const value = decodeStrict(encoded, LIMITS.maxSealedMessageBytes);
  if (Array.isArray(value) && value[0] === 1 && Number.isInteger(value[1]) && value[1] !== 1) throw unsupportedSuite();
  const parsed = wireSchema.safeParse(value);
  if (!parsed.success) throw new ProtocolError('malformed_body', describeIssues(parsed.error));
  const [, , keyId, messageId, expiresAtSeconds, nullifier, encapsulatedKey, nonce, ciphertext] = parsed.data;
  return { suite: DEFAULT_SUITE, keyId, messageId, expiresAtSeconds, nullifier, encapsulatedKey, nonce, ciphertext };
}

/** The possible lengths of a ciphertext: a size bucket and the tag. */
const CIPHERTEXT_BYTES = Array.from({ length: 9 }, (_, at) => 1024 * 2 ** at + POLY1305_TAG_BYTES);
const CIPHERTEXT_LENGTHS = new Set(CIPHERTEXT_BYTES.map(base64UrlLength));

/** Longer texts get no pattern, because tools that generate test data from a pattern would not finish. */
const MAX_PATTERN_BYTES = 4096 + POLY1305_TAG_BYTES;

/**
 * Checks only the length, because a pattern for such a long text is slow. `fromBase64Url` reads the text strictly afterwards. The JSON
 * Schema also has a pattern for short texts.
 */
const ciphertextText = z
  .string()
  .refine((text) => CIPHERTEXT_LENGTHS.has(text.length))
  .meta({
    description:
      'A ciphertext of 1, 2, 4, ... or 256 KiB (a size bucket) and its 16-byte tag, in base64url without padding. The unused bits of the last character are zero.',
    anyOf: CIPHERTEXT_BYTES.map((bytes) => ({
      minLength: base64UrlLength(bytes),
      maxLength: base64UrlLength(bytes),
      ...(bytes <= MAX_PATTERN_BYTES ? { pattern: base64UrlPattern(bytes) } : { contentEncoding: 'base64url' }),
    })),
  });

/** The JSON members of a sealed message, with or without a proof. */
export const sealedMessageMembers = {
  suite: z.literal(DEFAULT_SUITE),
  keyId: base64UrlText(KEY_ID_BYTES).meta({ description: "The id of the enclave's key (16 bytes)." }),
  messageId: z
    .string()
    .regex(MESSAGE_ID_PATTERN)
    .meta({ format: 'uuid', description: 'A random id. Each message has its own.' }),
  expiresAt: unixSeconds.meta({
    description: `Unix seconds, in the future and at most ${LIMITS.maxLifetimeSeconds} seconds (seven days) ahead. Otherwise the answer is \`expiry_out_of_range\`.`,
  }),
  encapsulatedKey: base64UrlText(ENCAPSULATED_KEY_BYTES).meta({
    description: "The sender's ephemeral key (32 bytes).",
  }),
  nonce: base64UrlText(XCHACHA_NONCE_BYTES).meta({ description: '24 random bytes.' }),
  ciphertext: ciphertextText,
} as const;

/**
 * The JSON form without a proof. The message id is a UUID. There is no member `nullifier`, because generated clients never send a member
 * that can only be null.
 */
export const sealedMessageJsonSchema = z.strictObject({ version: z.literal(1), ...sealedMessageMembers }).meta({
  id: 'SealedMessage',
  description: 'A message sealed to the key of an attested enclave. Bytes are in base64url without padding.',
});
export type SealedMessageJson = z.infer<typeof sealedMessageJsonSchema>;

/** @throws ProtocolError `malformed_body`: the message has a nullifier. For such a message call envelopeToJson. */
export function sealedMessageToJson(message: SealedMessage): SealedMessageJson {
  if (message.nullifier !== null) throw new ProtocolError('malformed_body', 'a nullifier without a proof');
  return { version: 1, ...sealedMembersToJson(message) };
}

export function sealedMembersToJson(message: SealedMessage): Omit<SealedMessageJson, 'version'> {
  return {
    suite: message.suite,
    keyId: toBase64Url(message.keyId),
    messageId: messageIdToText(message.messageId),
    expiresAt: message.expiresAtSeconds,
    encapsulatedKey: toBase64Url(message.encapsulatedKey),
    nonce: toBase64Url(message.nonce),
    ciphertext: toBase64Url(message.ciphertext),
  };
}

/** @throws ProtocolError `malformed_body` | `suite_unsupported` */
export function sealedMessageFromJson(value: unknown): SealedMessage {
  assertSuite(value);
  if (isRecord(value) && 'nullifier' in value)
    throw new ProtocolError('malformed_body', 'nullifier: only a message with a proof of residence (version 2) has it');
  const parsed = sealedMessageJsonSchema.safeParse(value);
  if (!parsed.success) throw new ProtocolError('malformed_body', describeIssues(parsed.error));
  return sealedMembersFromJson(parsed.data, null);
}

/** @throws ProtocolError `suite_unsupported`: JSON that names another suite */
export function assertSuite(value: unknown): void {
  if (isRecord(value) && typeof value['suite'] === 'string' && value['suite'] !== DEFAULT_SUITE)
    throw unsupportedSuite();
}

/**
 * @param json already checked against its schema
 * @throws ProtocolError `malformed_body`: a text is not canonical base64url
 */
export function sealedMembersFromJson(
  json: Omit<SealedMessageJson, 'version'>,
  nullifier: Uint8Array | null,
): SealedMessage {
  const message: SealedMessage = {
    suite: json.suite,
    keyId: fromBase64Url(json.keyId),
    messageId: messageIdFromText(json.messageId),
    expiresAtSeconds: json.expiresAt,
    nullifier,
    encapsulatedKey: fromBase64Url(json.encapsulatedKey),
    nonce: fromBase64Url(json.nonce),
    ciphertext: fromBase64Url(json.ciphertext),
  };
  if (!isBucketCiphertext(message.ciphertext))
    throw new ProtocolError('malformed_body', 'ciphertext: a size bucket and its tag');
  return message;
}

/** Returns the associated data: the canonical CBOR array `[key id, message id, expiry, nullifier]`. */
export function associatedData(header: SealedHeader): Uint8Array {
  return encodeCanonical([header.keyId, header.messageId, header.expiresAtSeconds, header.nullifier]);
}

/** Whether a length is a power of two from 1 KiB to 256 KiB. */
export function isPaddedLength(length: number): boolean {
  return length >= 1024 && length <= LIMITS.maxPaddedPlaintextBytes && (length & (length - 1)) === 0;
}

function isBucketCiphertext(ciphertext: Uint8Array): boolean {
  return isPaddedLength(ciphertext.length - POLY1305_TAG_BYTES);
}

function unsupportedSuite(): ProtocolError {
  return new ProtocolError('suite_unsupported', 'the suite is not supported');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
