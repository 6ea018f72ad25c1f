import * as z from 'zod';
import { decodeStrict, encodeCanonical } from '../cbor/cbor';
import { ProtocolError } from '../errors/protocol-error';
import { bytesOf } from '../schema/bytes';
import { KEY_ID_BYTES } from '../sealing/sealed-message';

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
});

export function encodeKeyBinding(binding: KeyBinding): Uint8Array {
  return encodeCanonical({ v: 1, key_id: binding.keyId, receipt_key: binding.receiptKey, custody: binding.custody });
}

/** @throws ProtocolError `malformed_body` */
export function decodeKeyBinding(userData: Uint8Array): KeyBinding {
  const parsed = schema.safeParse(decodeStrict(userData, 512));
  if (!parsed.success) throw new ProtocolError('malformed_body', 'user_data is not a key binding');
  return { keyId: parsed.data.key_id, receiptKey: parsed.data.receipt_key, custody: parsed.data.custody };
}
