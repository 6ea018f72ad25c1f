import { generateKeyPair, keyIdOf, open, seal } from '@communique-tee/crypto';
import { seal as sealInBrowser } from '@communique-tee/crypto/browser';
import { DEFAULT_SUITE } from '@communique-tee/protocol';
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { randomBytes } from 'node:crypto';
import sodium from 'libsodium-wrappers';
import { beside, rateOf, type Row } from '../measure';

const BYTES = 2048;

/** Measures sealing 2 KiB to one X25519 key under a new ephemeral key, and opening it. */
export async function sealPeerRows(): Promise<Row[]> {
  await sodium.ready;
  const own = generateKeyPair();
  const input = {
    publicKey: own.publicKey,
    suite: DEFAULT_SUITE,
    keyId: keyIdOf(own.publicKey),
    messageId: randomBytes(16),
    expiresAtSeconds: 1_900_000_000,
    nullifier: null,
    plaintext: randomBytes(BYTES - 4),
  };
  const { message } = seal(input);
  const suite = new CipherSuite({
    kem: new DhkemX25519HkdfSha256(),
    kdf: new HkdfSha256(),
    aead: new Aes256Gcm(),
  });
  const pair = await suite.kem.generateKeyPair();
  const text = new Uint8Array(randomBytes(BYTES)).buffer;
  const hpke = await suite.seal({ recipientPublicKey: pair.publicKey }, text);
  const box = sodium.crypto_box_keypair();
  const sealedBox = sodium.crypto_box_seal(new Uint8Array(text), box.publicKey);

  const row = async (what: string, work: () => unknown): Promise<Row> => ({
    what,
    value: await rateOf(work),
    unit: 'op/s',
  });
  const sealed = await row('seal 2 KiB by ours', () => seal(input));
  const opened = await row('open 2 KiB by ours', () => open(own, message));
  return [
    sealed,
    beside(await row('seal 2 KiB by ours over noble, as in a browser', () => sealInBrowser(input)), sealed),
    beside(
      await row('seal 2 KiB by @hpke/core (AES-256-GCM)', () =>
        suite.seal({ recipientPublicKey: pair.publicKey }, text),
      ),
      sealed,
    ),
    beside(
      await row('seal 2 KiB by libsodium (crypto_box_seal)', () =>
        sodium.crypto_box_seal(new Uint8Array(text), box.publicKey),
      ),
      sealed,
    ),
    opened,
    beside(
      await row('open 2 KiB by @hpke/core (AES-256-GCM)', () =>
        suite.open({ recipientKey: pair.privateKey, enc: hpke.enc }, hpke.ct),
      ),
      opened,
    ),
    beside(
      await row('open 2 KiB by libsodium (crypto_box_seal)', () =>
        sodium.crypto_box_seal_open(sealedBox, box.publicKey, box.privateKey),
      ),
      opened,
    ),
  ];
}
