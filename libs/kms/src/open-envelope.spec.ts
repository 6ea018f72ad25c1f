import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { inspect } from 'node:util';
import { OIDS, sealForRecipient, tlv } from './testing/kms-envelope';
import { openSsl, type OpenSsl } from './testing/openssl';
import { openEnvelope } from './open-envelope';
import { readEnvelope } from './read-envelope';

let openssl: OpenSsl;
beforeAll(() => {
  openssl = openSsl();
});
afterAll(() => openssl.remove());
const refuses = (envelope: Uint8Array, key: KeyObject = openssl.privateKey) =>
  expect(() => openEnvelope(envelope, key)).toThrow(expect.objectContaining({ code: 'kms_answer_invalid' }));

describe.each([
  ['definite', []],
  ['indefinite', ['-stream']],
])('an envelope of OpenSSL with %s lengths', (form, words) => {
  it.each([1, 15, 16, 17, 32, 33, 4096])('is opened: %d bytes', (length) => {
    const plaintext = randomBytes(length);
    const envelope = openssl.encrypt(plaintext, ...words);
    expect(envelope[1]).toBe(form === 'indefinite' ? 0x80 : 0x82);
    expect(Buffer.from(openEnvelope(envelope, openssl.privateKey)).equals(plaintext)).toBe(true);
  });

  it('is refused with another key', () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
    refuses(openssl.encrypt(randomBytes(32), ...words), other.privateKey);
  });

  it.each([
    ['PKCS#1 v1.5', ['-aes256', '-keyopt', 'rsa_padding_mode:pkcs1']],
    ['OAEP with SHA-1', ['-aes256', '-keyopt', 'rsa_padding_mode:oaep']],
    [
      'MGF1 with SHA-1',
      ['-aes256', '-keyopt', 'rsa_padding_mode:oaep', '-keyopt', 'rsa_oaep_md:sha256', '-keyopt', 'rsa_mgf1_md:sha1'],
    ],
    ['AES-128', ['-aes128', '-keyopt', 'rsa_padding_mode:oaep', '-keyopt', 'rsa_oaep_md:sha256']],
    ['AES-256-GCM', ['-aes-256-gcm', '-keyopt', 'rsa_padding_mode:oaep', '-keyopt', 'rsa_oaep_md:sha256']],
  ])('is refused with %s', (_what, options) => {
    refuses(openssl.encrypt(randomBytes(32), ...words, ...options));
  });

  it('is refused with empty content', () => {
    refuses(openssl.encrypt(new Uint8Array(0), ...words));
  });

  it('with a flipped bit outside IV and content is refused or opens to the same text', () => {
    const plaintext = randomBytes(32);
    const envelope = openssl.encrypt(plaintext, ...words);
    const { iv, encryptedContent } = readEnvelope(envelope);
    const ivAt = Buffer.from(envelope).indexOf(iv);
    // Content of an indefinite length is in pieces. This finds the first one
    const contentAt = Buffer.from(envelope).indexOf(encryptedContent.subarray(0, 16));
    let refused = 0;
    for (let at = 0; at < envelope.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const flipped = Uint8Array.from(envelope);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        const opened = openedOrNothing(flipped);
        const isMalleable = (at >= ivAt && at < ivAt + 16) || at >= contentAt;
        if (opened === undefined) refused++;
        else if (!isMalleable)
          expect({ at, bit, same: Buffer.from(opened).equals(plaintext) }).toEqual({ at, bit, same: true });
      }
    }
    expect(refused).toBeGreaterThan((envelope.length - 16 - 48) * 8 * 0.8);
  });
});

function openedOrNothing(envelope: Uint8Array): Uint8Array | undefined {
  try {
    return openEnvelope(envelope, openssl.privateKey);
  } catch (error) {
    expect(error).toMatchObject({ code: 'kms_answer_invalid' });
    return undefined;
  }
}

it("opens an envelope in KMS's form to the same text as OpenSSL", () => {
  const plaintext = randomBytes(32);
  const envelope = sealForRecipient(plaintext, openssl.publicKey);
  expect(Buffer.from(openEnvelope(envelope, openssl.privateKey)).equals(plaintext)).toBe(true);
  expect(Buffer.from(openssl.decrypt(envelope)).equals(plaintext)).toBe(true);
});

it('refuses an AES key of 16 bytes, whether the envelope names AES-256 or AES-128', () => {
  const contentKey = randomBytes(16);
  refuses(sealForRecipient(randomBytes(32), openssl.publicKey, { contentKey }));
  refuses(
    sealForRecipient(randomBytes(32), openssl.publicKey, {
      contentKey,
      contentAlgorithm: (iv) => tlv(0x30, OIDS.aes128Cbc, tlv(4, iv)),
    }),
  );
});

it('reveals no part of its input when it refuses', () => {
  const plaintext = randomBytes(32);
  const envelope = sealForRecipient(plaintext, openssl.publicKey, {
    content: (text) => tlv(0x80, text.subarray(0, 32)),
  }); // without padding
  let said = '';
  try {
    openEnvelope(envelope, openssl.privateKey);
  } catch (error) {
    said = inspect(error, { showHidden: true, depth: null });
  }
  expect(said).toContain('kms_answer_invalid');
  for (const form of ['hex', 'base64', 'latin1'] as const) expect(said).not.toContain(plaintext.toString(form));
  expect(said).not.toContain('[cause]');
});

it('returns a separate buffer, so that the caller can zero all of it', () => {
  const opened = openEnvelope(openssl.encrypt(randomBytes(32)), openssl.privateKey);
  expect([opened.byteOffset, opened.buffer.byteLength]).toEqual([0, 32]);
});
