import * as z from 'zod';
import { decodeStrict, encodeCanonical } from '../encoding/cbor';
import { ProtocolError } from '../problems';
import { LIMITS } from '../limits';
import { base64Text } from '../encoding/base64-text';
import { bytesOf } from '../encoding/bytes';
import { describeIssues } from '../messages/describe-issues';
import {
  KEY_ID_BYTES,
  LEGACY_SUITE,
  POLY1305_TAG_BYTES,
  SUITES,
  XCHACHA_NONCE_BYTES,
} from '../messages/sealed-message';
import { fromBase64, fromHex, toHex } from '../encoding/text';

/**
 * What the web client (legacy) sends: X25519 with an ephemeral key, BLAKE2b-256, XChaCha20-Poly1305 without associated data and
 * without padding. The message has no id and no expiry. libs/crypto derives the id from the ciphertext, and the gateway decides
 * how long to try.
 */
export interface LegacyMessage {
  /** 16 bytes, names the enclave's key pair of this suite. */
  keyId: Uint8Array;
  /** 32 bytes, X25519. */
  ephemeralKey: Uint8Array;
  /** 24 bytes. */
  nonce: Uint8Array;
  /** The text and the 16-byte tag. */
  ciphertext: Uint8Array;
}

const ciphertext = z.custom<Uint8Array>(
  (value) =>
    value instanceof Uint8Array &&
    value.length > POLY1305_TAG_BYTES &&
    value.length <= LIMITS.maxPaddedPlaintextBytes + POLY1305_TAG_BYTES,
  'a ciphertext and its tag',
);
const wireSchema = z.tuple([
  z.literal(1),
  z.literal(SUITES[LEGACY_SUITE]),
  bytesOf(KEY_ID_BYTES),
  bytesOf(32),
  bytesOf(XCHACHA_NONCE_BYTES),
  ciphertext,
]);

/**
 * Returns the form that the gateway stores and relays: the canonical CBOR array `[1, 2, key id, ephemeral key, nonce, ciphertext]`.
 */
export function encodeLegacyMessage(message: LegacyMessage): Uint8Array {
  return encodeCanonical([
    1,
    SUITES[LEGACY_SUITE],
    message.keyId,
    message.ephemeralKey,
    message.nonce,
    message.ciphertext,
  ]);
}

/** @throws ProtocolError `body_too_large` | `malformed_body` */
export function decodeLegacyMessage(bytes: Uint8Array): LegacyMessage {
  const parsed = wireSchema.safeParse(decodeStrict(bytes, LIMITS.maxSealedMessageBytes));
  if (!parsed.success) throw new ProtocolError('malformed_body', 'not a sealed message of the legacy suite');
  const [, , keyId, ephemeralKey, nonce, text] = parsed.data;
  return { keyId, ephemeralKey, nonce, ciphertext: text };
}

/** Whether bytes begin like a message of the legacy suite. Use it to choose the decoder. */
export function isLegacyMessage(bytes: Uint8Array): boolean {
  return bytes[0] === 0x86 && bytes[1] === 1 && bytes[2] === SUITES[LEGACY_SUITE];
}

const HEX_KEY = /^0x[0-9a-fA-F]{64}$/;
/** The number of base64 characters for the largest padded text and its tag, rounded down to whole groups of four. */
const MAX_CIPHERTEXT_LENGTH = Math.floor((LIMITS.maxPaddedPlaintextBytes + POLY1305_TAG_BYTES) / 3) * 4;

/**
 * The JSON form: the four members that the client sends and, optionally, `suite`. Other members are refused, so that no plain text
 * is posted beside the ciphertext.
 */
export const legacyMessageJsonSchema = z
  .strictObject({
    suite: z.literal(LEGACY_SUITE).optional(),
    ciphertext: base64Text(18, MAX_CIPHERTEXT_LENGTH),
    nonce: z.string().regex(/^[A-Za-z0-9+/]{32}$/),
    ephemeralPublicKey: z.string().regex(HEX_KEY),
    teeKeyId: z.string().regex(/^[0-9a-f]{32}$/),
  })
  .meta({
    id: 'LegacyMessage',
    description: 'A message as the web client (legacy) seals it. New clients send a `SealedMessage`.',
  });
export type LegacyMessageJson = z.infer<typeof legacyMessageJsonSchema>;

/** Whether JSON names the legacy suite, or has `teeKeyId`, which only the legacy client sends. */
export function isLegacyMessageJson(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    (Object.hasOwn(value, 'teeKeyId') || ('suite' in value && value.suite === LEGACY_SUITE))
  );
}

/** @throws ProtocolError `malformed_body`, naming the wrong members and never their content */
export function legacyMessageFromJson(value: unknown): LegacyMessage {
  const parsed = legacyMessageJsonSchema.safeParse(value);
  if (!parsed.success) throw new ProtocolError('malformed_body', describeIssues(parsed.error));
  const { ciphertext: text, nonce, ephemeralPublicKey, teeKeyId } = parsed.data;
  const message = {
    keyId: fromHex(teeKeyId),
    ephemeralKey: fromHex(ephemeralPublicKey.slice(2).toLowerCase()),
    nonce: fromBase64(nonce),
    ciphertext: fromBase64(text),
  };
  if (message.nonce.length !== XCHACHA_NONCE_BYTES || !ciphertext.safeParse(message.ciphertext).success)
    throw new ProtocolError('malformed_body', 'ciphertext or nonce has a wrong length');
  return message;
}

/** `GET /api/tee/public-key`, in the shape that the legacy client reads. */
export const legacyPublicKeyViewSchema = z
  .strictObject({
    success: z.literal(true),
    keyId: z.string().regex(/^[0-9a-f]{32}$/),
    publicKey: z.string().regex(/^0x[0-9a-f]{64}$/),
    algorithm: z.literal('X25519-XChaCha20-Poly1305'),
  })
  .meta({ id: 'LegacyPublicKey', description: 'The key of the legacy suite. This answer is not signed.' });
export type LegacyPublicKeyView = z.infer<typeof legacyPublicKeyViewSchema>;

/** @param keyId 16 bytes. @param publicKey 32 bytes */
export function legacyPublicKeyView(keyId: Uint8Array, publicKey: Uint8Array): LegacyPublicKeyView {
  return {
    success: true,
    keyId: toHex(keyId),
    publicKey: `0x${toHex(publicKey)}`,
    algorithm: 'X25519-XChaCha20-Poly1305',
  };
}
