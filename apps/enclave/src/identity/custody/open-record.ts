import type { SealedKeyCore, SealedKeyRecord } from '@communique-tee/protocol';
import { KmsUnavailableError, type KmsSession } from '../kms';
import { deriveEnclaveKeys, type EnclaveKeys } from '../keys/enclave-keys';
import { dataKeyContext, type KeyRequirements } from './key-requirements';
import { MAKER_TOLERANCE_MS, checkMaker } from './maker-document';
import { KeyRefused } from './refusal';
import { openSecret } from './secret-box';

/**
 * Checks a key record without KMS, in this order: revocation, custody, image, times, maker. Throws at the first failure.
 * @throws KeyRefused
 */
export async function checkRecord(
  { core, maker }: SealedKeyRecord,
  requirements: KeyRequirements,
  isRevoked: (keyId: Uint8Array) => boolean,
  nowMs: number,
): Promise<void> {
  if (isRevoked(core.key_id)) throw new KeyRefused('revoked');
  if (core.custody !== requirements.custody) throw new KeyRefused('other_custody');
  if (!equal(core.pcr0, requirements.pcr0)) throw new KeyRefused('other_image');
  checkTimes(core, requirements, nowMs);
  await checkMaker(core, maker, requirements);
}

/** `nowMs` is the attested time, never the machine's. */
function checkTimes(
  { created, rotate_after, destroy_after }: SealedKeyCore,
  { times }: KeyRequirements,
  nowMs: number,
): void {
  if (created * 1000 > nowMs + MAKER_TOLERANCE_MS) throw new KeyRefused('times_invalid');
  if (nowMs >= destroy_after * 1000) throw new KeyRefused('too_old');
  const isLonger =
    rotate_after - created > times.rotateAfterSeconds || destroy_after - rotate_after > times.keepSeconds;
  if (isLonger) throw new KeyRefused('times_invalid');
}

/**
 * Opens a key record that passed `checkRecord`. KMS decrypts the data key, the data key opens the secret, and the keys are derived from the
 * secret.
 * @throws KeyRefused `kms_*` | `nsm_failed` | `tampered`
 */
export async function openRecord(
  record: SealedKeyRecord,
  requirements: KeyRequirements,
  session: KmsSession,
): Promise<EnclaveKeys> {
  const dataKey = await unwrap(record.core, requirements, session);
  const secret = openSecret(record, dataKey);
  dataKey.fill(0);
  if (!secret) throw new KeyRefused('tampered');
  const keys = deriveEnclaveKeys(secret, requirements.custody, requirements.legacySuite);
  secret.fill(0);
  const { key_id, public_key, receipt_key, legacy_key } = record.core;
  // Either all key records of an image have a legacy key, or none has
  const isSameLegacy =
    keys.legacy && legacy_key ? equal(keys.legacy.pair.publicKey, legacy_key) : !keys.legacy && !legacy_key;
  const isSame =
    equal(keys.keyId, key_id) &&
    equal(keys.sealing.publicKey, public_key) &&
    equal(keys.receiptKey, receipt_key) &&
    isSameLegacy;
  if (!isSame) throw new KeyRefused('tampered');
  return keys;
}

/** Not constant-time: the values are public. */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

async function unwrap(
  { data_key }: SealedKeyCore,
  requirements: KeyRequirements,
  session: KmsSession,
): Promise<Uint8Array> {
  try {
    const context = dataKeyContext(requirements);
    const { plaintext } = await session.ask((kms, authorization) =>
      kms.decrypt({
        keyId: requirements.custody,
        ciphertextBlob: data_key,
        context,
        plaintextBytes: 32,
        ...authorization,
      }),
    );
    return plaintext;
  } catch (cause) {
    if (!(cause instanceof KmsUnavailableError)) throw cause;
    throw new KeyRefused(cause.code, { cause });
  }
}
