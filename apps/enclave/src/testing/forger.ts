import { DecryptCommand, EncryptCommand } from '@aws-sdk/client-kms';
import {
  sealedKeyAssociatedData,
  decodeSealedKey,
  encodeSealedKey,
  encodeSealedKeyCore,
  encodeSealedKeyMaker,
  toHex,
  type SealedKeyCore,
  type SealedKeyRecord,
} from '@communique-tee/protocol';
import type { Nsm } from '@communique-tee/nsm';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { createHash, hkdfSync, randomBytes } from 'node:crypto';
import { deriveEnclaveKeys } from '../identity/keys/enclave-keys';
import { ALIAS, PARENT, type SealedWorld } from './sealed-world';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
export const keyContext = (pcr0: Uint8Array) => ({
  'communique-tee:purpose': 'enclave-keys',
  'communique-tee:stack': 'test',
  'communique-tee:pcr0': toHex(pcr0),
});
const ALLOW_ALL = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::123456789012:root' }, Action: 'kms:*', Resource: '*' },
  ],
};

/** Returns an attestation document that vouches for the core, signed by this NSM. */
export async function vouch(nsm: Nsm, core: SealedKeyCore): Promise<Uint8Array> {
  return nsm.attest({ userData: encodeSealedKeyMaker(sha256(encodeSealedKeyCore(core))) });
}

/**
 * Returns a consistent key record. The forger knows its secret and its data key, which KMS unwraps. A parent could make this record only
 * if the KMS key's policy allowed it. The simulated policy allows everything while the record is made.
 */
export async function forge(
  world: SealedWorld,
  like: Uint8Array,
  nsm: Nsm,
  change: (core: SealedKeyCore) => SealedKeyCore = (core) => core,
): Promise<Uint8Array> {
  const secret = new Uint8Array(randomBytes(32));
  const dataKey = new Uint8Array(randomBytes(32));
  const base = decodeSealedKey(like).core;
  const wrapped = await withOpenPolicy(world, () =>
    world
      .client(PARENT)
      .send(new EncryptCommand({ KeyId: ALIAS, Plaintext: dataKey, EncryptionContext: keyContext(base.pcr0) })),
  );
  const keys = deriveEnclaveKeys(secret, ALIAS);
  const core = change({
    ...base,
    key_id: keys.keyId,
    public_key: keys.sealing.publicKey,
    receipt_key: keys.receiptKey,
    data_key: wrapped.CiphertextBlob ?? new Uint8Array(),
  });
  const maker = await vouch(nsm, core);
  const nonce = new Uint8Array(randomBytes(24));
  const sealed = xchacha20poly1305(dataKey, nonce, sealedKeyAssociatedData(core, sha256(maker))).encrypt(secret);
  return encodeSealedKey({ core, maker, nonce, sealed });
}

/**
 * Returns every secret of a key record, for a search of the recorded output. To open the record, this changes the KMS key's policy for a
 * moment.
 */
export async function secretsOf(world: SealedWorld, bytes: Uint8Array): Promise<Record<string, Uint8Array>> {
  const record = decodeSealedKey(bytes);
  const opened = await withOpenPolicy(world, () =>
    world.client(PARENT).send(
      new DecryptCommand({
        KeyId: ALIAS,
        CiphertextBlob: record.core.data_key,
        EncryptionContext: keyContext(record.core.pcr0),
      }),
    ),
  );
  const dataKey = opened.Plaintext ?? new Uint8Array();
  const secret = xchacha20poly1305(
    dataKey,
    record.nonce,
    sealedKeyAssociatedData(record.core, sha256(record.maker)),
  ).decrypt(record.sealed);
  const seed = (label: string) => new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(0), label, 32));
  return {
    'data key': dataKey,
    secret,
    'x25519 seed': seed('communique-tee x25519 v1'),
    'ed25519 seed': seed('communique-tee ed25519 v1'),
  };
}

export function changed(bytes: Uint8Array, change: (record: SealedKeyRecord) => SealedKeyRecord): Uint8Array {
  return encodeSealedKey(change(decodeSealedKey(bytes)));
}

export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

async function withOpenPolicy<Result>({ kms, policies }: SealedWorld, run: () => Promise<Result>): Promise<Result> {
  kms.setPolicy(ALIAS, ALLOW_ALL);
  try {
    return await run();
  } finally {
    kms.setPolicy(ALIAS, policies.enclave);
  }
}
