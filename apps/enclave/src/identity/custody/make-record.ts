import type { Nsm } from '@communique-tee/nsm';
import { encodeSealedKey, type SealedKeyCore } from '@communique-tee/protocol';
import { attest } from '../keys/attest';
import type { AnchoredClock } from '../../runtime/anchored-clock';
import type { KmsSession } from '../kms';
import { createKeySecret, deriveEnclaveKeys } from '../keys/enclave-keys';
import { dataKeyContext, type KeyRequirements } from './key-requirements';
import { makerData } from './maker-document';
import { sealSecret } from './secret-box';

export interface MadeRecord {
  core: SealedKeyCore;
  /** The key record in its CBOR form. */
  bytes: Uint8Array;
}

/**
 * Makes a new key and returns its record, in which the key is sealed under a data key from KMS. The key itself is not kept. Every enclave,
 * including this one, gets the key by opening the record. So no enclave serves a key whose record cannot be opened.
 * @throws KmsUnavailableError; NsmError if the NSM gives no entropy or document
 */
export async function makeRecord(
  epoch: number,
  requirements: KeyRequirements,
  nsm: Nsm,
  clock: AnchoredClock,
  session: KmsSession,
): Promise<MadeRecord> {
  const secret = await createKeySecret(nsm);
  try {
    const { keyId, sealing, receiptKey, legacy } = deriveEnclaveKeys(
      secret,
      requirements.custody,
      requirements.legacySuite,
    );
    const dataKey = await session.ask((kms, authorization) =>
      kms.generateDataKey({ keyId: requirements.custody, context: dataKeyContext(requirements), ...authorization }),
    );
    try {
      const created = Math.floor(clock.nowMs() / 1000);
      const rotateAfter = created + requirements.times.rotateAfterSeconds;
      const core: SealedKeyCore = {
        v: 1,
        key_id: keyId,
        epoch,
        custody: requirements.custody,
        pcr0: requirements.pcr0,
        created,
        rotate_after: rotateAfter,
        destroy_after: rotateAfter + requirements.times.keepSeconds,
        public_key: sealing.publicKey,
        receipt_key: receiptKey,
        ...(legacy && { legacy_key: legacy.pair.publicKey }),
        data_key: dataKey.ciphertextBlob,
      };
      const maker = (await attest(nsm, clock, { userData: makerData(core) })).bytes;
      return {
        core,
        bytes: encodeSealedKey({ core, maker, ...sealSecret(secret, dataKey.plaintext, { core, maker }) }),
      };
    } finally {
      dataKey.plaintext.fill(0);
    }
  } finally {
    secret.fill(0);
  }
}
