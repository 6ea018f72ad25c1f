import {
  decodeLegacyMessage,
  encodeLegacyMessage,
  isLegacyMessage,
  legacyMessageFromJson,
  legacyPublicKeyView,
  toHex,
  type LegacyMessage,
} from '@communique-tee/protocol';
import sodium from 'libsodium-wrappers';
import { generateKeyPair, keyIdOf, legacyMessageId, openLegacy, openLegacyAnswer, sealLegacyAnswer } from './index';

/** Seals as the web client (legacy) does, with the same library. */
function sealAsClient(view: { keyId: string; publicKey: string }, text: string) {
  const ephemeral = sodium.crypto_box_keypair();
  const shared = sodium.crypto_scalarmult(ephemeral.privateKey, sodium.from_hex(view.publicKey.slice(2)));
  const key = sodium.crypto_generichash(32, shared, sodium.from_string('commons-witness-encryption-v1'));
  const nonce = sodium.randombytes_buf(sodium.crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
  const ciphertext = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(text, null, null, nonce, key);
  const base64 = (bytes: Uint8Array) => sodium.to_base64(bytes, sodium.base64_variants.ORIGINAL);
  return {
    shared,
    json: {
      ciphertext: base64(ciphertext),
      nonce: base64(nonce),
      ephemeralPublicKey: `0x${sodium.to_hex(ephemeral.publicKey)}`,
      teeKeyId: view.keyId,
    },
  };
}

describe('the suite of the web client (legacy)', () => {
  const own = generateKeyPair();
  const view = legacyPublicKeyView(keyIdOf(own.publicKey), own.publicKey);
  const text = JSON.stringify({ deliveryAddress: { name: 'Test Person', city: 'Oakland' }, proof: [1, 2] });
  const codeOf = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      return (error as { code?: string }).code;
    }
    return 'opened';
  };

  beforeAll(() => sodium.ready);

  it('publishes its key in the shape that the client reads', () => {
    expect(view).toEqual({
      success: true,
      keyId: toHex(keyIdOf(own.publicKey)),
      publicKey: `0x${toHex(own.publicKey)}`,
      algorithm: 'X25519-XChaCha20-Poly1305',
    });
  });

  it('opens a message that libsodium sealed, after conversion from JSON to the binary form', () => {
    const { json } = sealAsClient(view, text);
    const message = decodeLegacyMessage(encodeLegacyMessage(legacyMessageFromJson(json)));
    expect(isLegacyMessage(encodeLegacyMessage(message))).toBe(true);
    expect(Buffer.from(openLegacy(own, message).plaintext).toString()).toBe(text);
    expect(toHex(message.keyId)).toBe(view.keyId);
  });

  it('derives the same id, answer key and delivery secret each time a message is opened, and others for another message', () => {
    const [one, other] = [sealAsClient(view, text), sealAsClient(view, text)].map(({ json }) =>
      legacyMessageFromJson(json),
    ) as [LegacyMessage, LegacyMessage];
    expect(openLegacy(own, one)).toEqual(openLegacy(own, one));
    expect(legacyMessageId(one.ciphertext)).toHaveLength(16);
    expect(legacyMessageId(one.ciphertext)).not.toEqual(legacyMessageId(other.ciphertext));
    const { answerKey, deliverySecret } = openLegacy(own, one);
    expect(openLegacy(own, other).deliverySecret).not.toEqual(deliverySecret);
    expect(deliverySecret).not.toEqual(answerKey);
    expect([answerKey.length, deliverySecret.length]).toEqual([32, 32]);
  });

  it('seals an answer that opens only with the message’s shared secret, and only for this message', () => {
    const [one, other] = [sealAsClient(view, text), sealAsClient(view, text)];
    const message = legacyMessageFromJson(one.json);
    const answer = sealLegacyAnswer(openLegacy(own, message).answerKey, message, Buffer.from('refused'));
    expect(answer.ciphertext).toHaveLength(8192 + 16);
    expect(Buffer.from(openLegacyAnswer(one.shared, message, answer)).toString()).toBe('refused');
    expect(codeOf(() => openLegacyAnswer(one.shared, legacyMessageFromJson(other.json), answer))).toBe(
      'ERR_CRYPTO_OPEN',
    );
    expect(codeOf(() => openLegacyAnswer(other.shared, message, answer))).toBe('ERR_CRYPTO_OPEN');
  });

  it('refuses a change of any byte, another key, and keys of small order, all with the same error', () => {
    const message = legacyMessageFromJson(sealAsClient(view, '{}').json);
    for (const part of ['ephemeralKey', 'nonce', 'ciphertext'] as const) {
      for (let at = 0; at < message[part].length; at++) {
        const changed = Uint8Array.from(message[part]);
        changed[at] = (changed[at] ?? 0) ^ 1;
        // Flips bit 0, because X25519 ignores the highest bit of a key (RFC 7748 section 5)
        expect(codeOf(() => openLegacy(own, { ...message, [part]: changed }))).toBe('ERR_CRYPTO_OPEN');
      }
    }
    expect(codeOf(() => openLegacy(generateKeyPair(), message))).toBe('ERR_CRYPTO_OPEN');
    for (const smallOrder of [new Uint8Array(32), Uint8Array.of(1, ...new Uint8Array(31))])
      expect(codeOf(() => openLegacy(own, { ...message, ephemeralKey: smallOrder }))).toBe('ERR_CRYPTO_OPEN');
    expect(codeOf(() => openLegacy(own, { ...message, ciphertext: new Uint8Array(16) }))).toBe('ERR_CRYPTO_OPEN');
  });
});
