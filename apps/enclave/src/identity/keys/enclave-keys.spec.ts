import { keyIdOf } from '@communique-tee/crypto';
import { createNsm } from '@communique-tee/nsm';
import { createMockNsmTransport } from '@communique-tee/testing/nsm-mock';
import { temporaryFolder } from '@communique-tee/testing/harness';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { sign } from 'node:crypto';
import { createKeySecret, deriveEnclaveKeys } from './enclave-keys';

/**
 * An enclave that starts later derives the same keys from a stored secret, so the derivation is compared with an independent
 * implementation of HKDF and both curves.
 */
describe('the key pairs of a secret', () => {
  const secret = Uint8Array.from({ length: 32 }, (_, i) => i);
  const seed = (label: string) => hkdf(sha256, secret, new Uint8Array(0), new TextEncoder().encode(label), 32);

  it('are derived from the secret by HKDF-SHA256, each with its own label', () => {
    const keys = deriveEnclaveKeys(secret, 'process');
    expect(keys.sealing.publicKey).toEqual(x25519.getPublicKey(seed('communique-tee x25519 v1')));
    expect(keys.receiptKey).toEqual(ed25519.getPublicKey(seed('communique-tee ed25519 v1')));
    const message = Buffer.from('a receipt');
    expect(new Uint8Array(sign(null, message, keys.receiptPrivateKey))).toEqual(
      ed25519.sign(message, seed('communique-tee ed25519 v1')),
    );
  });

  it('include a legacy-suite pair, with its own label, if that suite is on', () => {
    const keys = deriveEnclaveKeys(secret, 'process', true);
    const legacyKey = x25519.getPublicKey(seed('communique-tee legacy x25519 v1'));
    expect(keys.legacy).toMatchObject({ pair: { publicKey: legacyKey }, keyId: keyIdOf(legacyKey) });
    expect(deriveEnclaveKeys(secret, 'process')).toMatchObject({ keyId: keys.keyId, legacy: null });
  });

  it('are the same each time for one secret and differ for another; the secret stays unchanged', () => {
    const copy = Uint8Array.from(secret);
    expect(deriveEnclaveKeys(copy, 'process').keyId).toEqual(deriveEnclaveKeys(secret, 'process').keyId);
    expect(copy).toEqual(secret);
    expect(deriveEnclaveKeys(new Uint8Array(32), 'process').keyId).not.toEqual(
      deriveEnclaveKeys(secret, 'process').keyId,
    );
  });
});

it('makes two different secrets even if the NSM returns the same random bytes twice', async () => {
  await using folder = await temporaryFolder('entropy');
  const real = createNsm(await createMockNsmTransport({ rootFolder: folder.path }));
  const stuck = { ...real, random: (length: number) => Promise.resolve(new Uint8Array(length)) };
  const [one, two] = [await createKeySecret(stuck), await createKeySecret(stuck)];
  expect(one).toHaveLength(32);
  expect(one).not.toEqual(two);
});
