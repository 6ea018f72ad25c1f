import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { openWithOpenssl, shapeOf } from '../testing/open-envelope';
import { recipientKeys, spkiOf } from '../testing/world';
import { envelopedData, type EnvelopeForm } from './enveloped-data';

const spki = spkiOf(recipientKeys.publicKey);
const forms: EnvelopeForm[] = ['kms', 'scattered', 'definite'];

describe.each(forms)('in the form %s', (form) => {
  it.each([1, 15, 16, 32, 1000, 4096])('%i encrypted bytes are decrypted by openssl', async (length) => {
    const plaintext = new Uint8Array(randomBytes(length));
    expect(await openWithOpenssl(envelopedData(plaintext, spki, form), recipientKeys.privateKey)).toEqual(plaintext);
  });

  it('another key does not decrypt the envelope', async () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const plaintext = new Uint8Array(randomBytes(32));
    // With a wrong recipient key openssl decrypts with a random key (its defense against oracles), or fails at the padding
    const opened = await openWithOpenssl(envelopedData(plaintext, spki, form), other.privateKey).catch(() => null);
    expect(opened).not.toEqual(plaintext);
  });

  it('two envelopes of the same bytes differ', () => {
    const plaintext = new Uint8Array(32);
    expect(envelopedData(plaintext, spki, form)).not.toEqual(envelopedData(plaintext, spki, form));
  });
});

it('has exactly the shape of KMS’s messages', () => {
  const hex = Buffer.from(envelopedData(new Uint8Array(32), spki, 'kms')).toString('hex');
  // The beginning and end of a message recorded from KMS (RustCrypto/formats#779), without its random parts: ContentInfo, EnvelopedData v2,
  // one KeyTransRecipientInfo v2 with a 32-byte subjectKeyIdentifier, RSAES-OAEP with both hashes named, AES-256-CBC
  const shape = new RegExp(
    '^308006092a864886f70d010703a0803080020102' +
      '3182016b30820167020102' +
      '8020[0-9a-f]{64}' +
      '303c06092a864886f70d010107302fa00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500' +
      '04820100[0-9a-f]{512}' +
      '308006092a864886f70d010701301d060960864801650304012a0410[0-9a-f]{32}' +
      'a0800430[0-9a-f]{96}' +
      '00000000000000000000$',
  );
  expect(hex).toMatch(shape);
});

it('has indefinite lengths and pieces in the forms that require them', async () => {
  const count = (lines: string[], what: RegExp): number => lines.filter((line) => what.test(line)).length;
  const plaintext = new Uint8Array(100);
  const [kms, scattered, definite] = await Promise.all(
    forms.map((form) => shapeOf(envelopedData(plaintext, spki, form))),
  );
  expect(count(kms ?? [], /l= ?inf/)).toBe(5);
  expect(count(scattered ?? [], /l= ?inf/)).toBe(5);
  expect(count(definite ?? [], /l= ?inf/)).toBe(0);
  const pieces = (lines: string[] = []) => lines.filter((line) => /d=5 .*prim: OCTET STRING/.test(line)).length;
  expect(pieces(scattered) - pieces(kms)).toBe(6); // 112 bytes make 7 pieces of 16, or one
  expect(count(definite ?? [], /d=4 .*prim: cont \[ 0 \]/)).toBe(1);
});
