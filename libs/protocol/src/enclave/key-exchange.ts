import * as z from 'zod';
import { custodySchema } from './key-binding';
import { decodeStrict, encodeCanonical } from '../encoding/cbor';
import { ProtocolError } from '../problems';
import { bytesOf, bytesUpTo } from '../encoding/bytes';
import { KEY_ID_BYTES } from '../messages/sealed-message';
import { MAX_SEALED_KEY_BYTES } from './sealed-key';

/**
 * `POST /keys` of the enclave, with `application/cbor` in both directions. The gateway offers what the enclave needs and cannot fetch or
 * store by itself. The answer lists the keys that the enclave holds. An offer has only ciphertexts, key ids, and credentials that
 * decrypt nothing without attestation. The enclave trusts none of them. The gateway repeats the request with everything that it can offer.
 */
export const MAX_KEY_OFFER_BYTES = 1024 * 1024;
export const MAX_KEY_STATUS_BYTES = 64 * 1024;
/**
 * The most records in one offer. Keys live for eight days, and each day needs one new key. The other places are for keys that several
 * enclaves made at the same time.
 */
export const MAX_OFFERED_KEYS = 32;
export const MAX_REVOKED_KEYS = 256;
export const MAX_SECRETS = 16;
export const SECRET_NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

const credentialText = (max: number) =>
  z
    .string()
    .regex(/^[\x21-\x7e]+$/)
    .max(max);
const offerSchema = z.strictObject({
  v: z.literal(1),
  /**
   * Short-lived credentials of the parent's role, because KMS authenticates its callers. They decrypt nothing without
   * the enclave's attestation.
   */
  credentials: z
    .strictObject({
      access_key_id: credentialText(128),
      secret_access_key: credentialText(256),
      session_token: credentialText(8192).nullable(),
      /** Seconds since 1970. Null if they do not end. */
      expires: z.int().min(0).nullable(),
    })
    .nullable(),
  /** Key records in their CBOR form. The enclave parses each separately, so that a malformed record does not hide the others. */
  records: z.array(bytesUpTo(MAX_SEALED_KEY_BYTES)).max(MAX_OFFERED_KEYS),
  /** Key ids that an operator has revoked. The enclave drops these keys and never accepts them again. */
  revoked: z.array(bytesOf(KEY_ID_BYTES)).max(MAX_REVOKED_KEYS),
  /** The operator's secrets by name. Each value is KMS's CiphertextBlob. */
  secrets: z
    .record(z.string().regex(SECRET_NAME), bytesUpTo(6144))
    .refine((secrets) => Object.keys(secrets).length <= MAX_SECRETS, `at most ${MAX_SECRETS} secrets`),
});
export type KeyOffer = Omit<z.infer<typeof offerSchema>, 'v'>;
export type HandedCredentials = NonNullable<KeyOffer['credentials']>;

const code = z.string().regex(/^[a-z0-9_]{1,64}$/);
const statusSchema = z.strictObject({
  v: z.literal(1),
  custody: custodySchema,
  /** `waiting`: the enclave has no key and takes no work, or a secret is missing and the services that need it take no work. */
  state: z.enum(['waiting', 'ready']),
  /** The inputs that the enclave would use if they were offered. */
  wants: z.strictObject({ credentials: z.boolean(), secrets: z.array(z.string().regex(SECRET_NAME)).max(MAX_SECRETS) }),
  current: bytesOf(KEY_ID_BYTES).nullable(),
  /** Every key with which the enclave opens messages. */
  held: z.array(bytesOf(KEY_ID_BYTES)).max(MAX_OFFERED_KEYS + 1),
  /** The ids of the same keys in the legacy suite. Absent if that suite is off. */
  held_legacy: z
    .array(bytesOf(KEY_ID_BYTES))
    .max(MAX_OFFERED_KEYS + 1)
    .optional(),
  /**
   * The record of a key that the enclave made. The gateway stores it unless it has another record of this epoch. The enclave uses the key
   * once the gateway offers the record.
   */
  proposal: bytesUpTo(MAX_SEALED_KEY_BYTES).nullable(),
  /** Records that the enclave refused, and why. `key_id` is null if it could not be read. */
  refused: z.array(z.strictObject({ key_id: bytesOf(KEY_ID_BYTES).nullable(), code })).max(MAX_OFFERED_KEYS),
  /** Secrets that the enclave could not open, by name. */
  refused_secrets: z.array(z.strictObject({ name: z.string().regex(SECRET_NAME), code })).max(MAX_SECRETS),
  /** Why KMS failed during this offer. Null if the enclave did not call KMS, KMS did not fail, or it only refused some ciphertexts. */
  kms: code.nullable(),
});
export type KeyStatus = Omit<z.infer<typeof statusSchema>, 'v'>;

export function encodeKeyOffer(offer: KeyOffer): Uint8Array {
  return encodeCanonical({ v: 1, ...offer });
}

/** @throws ProtocolError `body_too_large` | `malformed_body` */
export function decodeKeyOffer(bytes: Uint8Array): KeyOffer {
  return read(offerSchema, bytes, MAX_KEY_OFFER_BYTES, 'not an offer of keys');
}

export function encodeKeyStatus(status: KeyStatus): Uint8Array {
  return encodeCanonical({ v: 1, ...status });
}

/** @throws ProtocolError `body_too_large` | `malformed_body` */
export function decodeKeyStatus(bytes: Uint8Array): KeyStatus {
  return read(statusSchema, bytes, MAX_KEY_STATUS_BYTES, 'not a status of keys');
}

function read<Value extends { v: 1 }>(
  schema: z.ZodType<Value>,
  bytes: Uint8Array,
  maxBytes: number,
  what: string,
): Omit<Value, 'v'> {
  const parsed = schema.safeParse(decodeStrict(bytes, maxBytes));
  if (!parsed.success) throw new ProtocolError('malformed_body', what);
  const { v: _version, ...value } = parsed.data;
  return value;
}
