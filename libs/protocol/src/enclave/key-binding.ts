import * as z from 'zod';
import { decodeStrict, encodeCanonical } from '../encoding/cbor';
import { ProtocolError } from '../protocol-error';
import { bytesOf } from '../encoding/bytes';
import { KEY_ID_BYTES } from '../messages/sealed-message';

/**
 * What an enclave says of its keys in the `user_data` of the attestation document that clients see (at most 512 bytes there):
 * a canonical CBOR map. The X25519 key itself is the document's `public_key`.
 */
export interface KeyBinding {
  /** 16 bytes: the first half of SHA-256("communique-tee key id v1" || public key). */
  keyId: Uint8Array;
  /** 32 bytes, Ed25519: signs receipts. */
  receiptKey: Uint8Array;
  /** Who can bring the keys back: `process` (nobody, they end with the process) or the ARN of the KMS key alias that guards them. */
  custody: string;
  /** 32 bytes, X25519: the key of the suite of the web client that exists today (legacy/); absent where that suite is switched off. */
  legacyKey?: Uint8Array;
}

export const PROCESS_CUSTODY = 'process';
export const PUBLIC_KEY_BYTES = 32;
export const RECEIPT_KEY_BYTES = 32;
export const KEY_ID_DOMAIN = 'communique-tee key id v1';

export const KMS_ALIAS_ARN = /^arn:aws[a-z-]*:kms:[a-z0-9-]{1,32}:[0-9]{12}:alias\/[A-Za-z0-9/_-]{1,256}$/;

const schema = z.strictObject({
  v: z.literal(1),
  key_id: bytesOf(KEY_ID_BYTES),
  receipt_key: bytesOf(RECEIPT_KEY_BYTES),
  custody: z.union([z.literal(PROCESS_CUSTODY), z.string().max(380).regex(KMS_ALIAS_ARN)]),
  legacy_key: bytesOf(PUBLIC_KEY_BYTES).optional(),
});

export function encodeKeyBinding({ keyId, receiptKey, custody, legacyKey }: KeyBinding): Uint8Array {
  return encodeCanonical({
    v: 1,
    key_id: keyId,
    receipt_key: receiptKey,
    custody,
    ...(legacyKey && { legacy_key: legacyKey }),
  });
}

/** @throws ProtocolError `malformed_body` */
export function decodeKeyBinding(userData: Uint8Array): KeyBinding {
  const parsed = schema.safeParse(decodeStrict(userData, 512));
  if (!parsed.success) throw new ProtocolError('malformed_body', 'user_data is not a key binding');
  const { key_id, receipt_key, custody, legacy_key } = parsed.data;
  return { keyId: key_id, receiptKey: receipt_key, custody, ...(legacy_key && { legacyKey: legacy_key }) };
}
