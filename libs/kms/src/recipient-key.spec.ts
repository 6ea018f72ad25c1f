import { createPublicKey, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { openSsl } from './testing/openssl';
import { makeRecipientKey } from './recipient-key';

it('makes an RSA-2048 key in the form that KMS accepts, and opens an envelope that OpenSSL made for it', async () => {
  const recipient = await makeRecipientKey();
  expect(recipient.publicKeySpki).toHaveLength(294);
  const publicKey = createPublicKey({ key: Buffer.from(recipient.publicKeySpki), type: 'spki', format: 'der' });
  expect([publicKey.asymmetricKeyType, publicKey.asymmetricKeyDetails]).toEqual([
    'rsa',
    { modulusLength: 2048, publicExponent: 65537n },
  ]);
  const openssl = openSsl();
  try {
    const plaintext = randomBytes(32);
    for (const words of [[], ['-stream']]) {
      expect(Buffer.from(recipient.open(openssl.encryptFor(publicKey, plaintext, ...words))).equals(plaintext)).toBe(
        true,
      );
    }
  } finally {
    openssl.remove();
  }
});

it('makes another key each time', async () => {
  const [one, other] = await Promise.all([makeRecipientKey(), makeRecipientKey()]);
  expect(Buffer.from(one.publicKeySpki).equals(other.publicKeySpki)).toBe(false);
});

it('shows no private key when it is printed', async () => {
  const recipient = await makeRecipientKey();
  expect(Object.keys(recipient)).toEqual(['publicKeySpki', 'open']);
  expect(inspect(recipient, { depth: null, showHidden: true })).not.toMatch(/private/i);
});
