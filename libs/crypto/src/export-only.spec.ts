import { fromHex, toHex } from '@communique-tee/protocol';
import { CipherSuite, DhkemX25519HkdfSha256, ExportOnly, HkdfSha256 } from '@hpke/core';
import { randomBytes } from 'node:crypto';
import { CryptoError } from './errors';
import { IMPLEMENTATIONS, OLDER_NODE } from './testing/implementations';

// RFC 9180 appendix A.7.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, export-only AEAD, base mode.
const RFC9180_A7_1 = {
  info: '4f6465206f6e2061204772656369616e2055726e',
  ephemeral: '095182b502f1f91f63ba584c7c3ec473d617b8b4c2cec3fad5af7fa6748165ed',
  encapsulatedKey: 'e5e8f9bfff6c2f29791fc351d2c25ce1299aa5eaca78a757c0b4fb4bcd830918',
  recipientPublic: '194141ca6c3c3beb4792cd97ba0ea1faff09d98435012345766ee33aae2d7664',
  recipientPrivate: '33d196c830a12f9ac65d6e565a590d80f04ee9b19c83c87f2c170d972a812848',
  exports: [
    ['', '7a36221bd56d50fb51ee65edfd98d06a23c4dc87085aa5866cb7087244bd2a36'],
    ['00', 'd5535b87099c6c3ce80dc112a2671c6ec8e811a2f284f948cec6dd1708ee33f0'],
    ['54657374436f6e74657874', 'ffaabc85a776136ca0c378e5d084c9140ab552b78f039d2e8775f26efff4c70e'],
  ],
} as const;

/** Points of order 1, 2, 4 and 8 on the curve and its twist (RFC 7748 section 7, Bernstein's list), and their unreduced forms. */
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];

describe.each([...IMPLEMENTATIONS, OLDER_NODE])('export-only HPKE over $name', (implementation) => {
  it('computes the values of RFC 9180 appendix A.7.1 on both sides', () => {
    const info = fromHex(RFC9180_A7_1.info);
    const sent = implementation.sender(fromHex(RFC9180_A7_1.recipientPublic), info, fromHex(RFC9180_A7_1.ephemeral));
    expect(toHex(sent.encapsulatedKey)).toBe(RFC9180_A7_1.encapsulatedKey);
    const received = implementation.receiver(fromHex(RFC9180_A7_1.recipientPrivate), sent.encapsulatedKey, info);
    for (const [context, secret] of RFC9180_A7_1.exports) {
      expect(toHex(sent.exportSecret(fromHex(context)))).toBe(secret);
      expect(toHex(received(fromHex(context)))).toBe(secret);
    }
  });

  it('exports the same secrets as @hpke/core, in both directions', async () => {
    const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new ExportOnly() });
    for (let round = 0; round < 20; round++) {
      const raw = new Uint8Array(randomBytes(32));
      const info = new Uint8Array(randomBytes(round * 3));
      const context = new Uint8Array(randomBytes(round));
      const theirs = await suite.kem.importKey('raw', copy(raw), false);
      const publicKey = implementation.publicKeyOf(raw);

      const ours = implementation.sender(publicKey, info);
      const recipient = await suite.createRecipientContext({
        recipientKey: theirs,
        enc: copy(ours.encapsulatedKey),
        info: copy(info),
      });
      expect(new Uint8Array(await recipient.export(copy(context), 32))).toEqual(
        new Uint8Array(ours.exportSecret(context)),
      );

      const sender = await suite.createSenderContext({
        recipientPublicKey: await suite.kem.importKey('raw', copy(publicKey)),
        info: copy(info),
      });
      const opened = implementation.receiver(raw, new Uint8Array(sender.enc), info);
      expect(new Uint8Array(opened(context))).toEqual(new Uint8Array(await sender.export(copy(context), 32)));
    }
  });

  it.each(SMALL_ORDER)('refuses the small-order key %s, as recipient and as sender', (hex) => {
    const point = fromHex(hex);
    expect(() => implementation.sender(point, new Uint8Array())).toThrow(new CryptoError('ERR_CRYPTO_PUBLIC_KEY'));
    expect(() => implementation.receiver(fromHex(RFC9180_A7_1.recipientPrivate), point, new Uint8Array())).toThrow(
      new CryptoError('ERR_CRYPTO_OPEN'),
    );
  });

  it.each([0, 31, 33, 64])('refuses a key of %i bytes', (length) => {
    expect(() => implementation.sender(new Uint8Array(length).fill(9), new Uint8Array())).toThrow(
      new CryptoError('ERR_CRYPTO_PUBLIC_KEY'),
    );
  });
});

/** Returns a copy, because @hpke/core takes only a whole ArrayBuffer. */
function copy(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
