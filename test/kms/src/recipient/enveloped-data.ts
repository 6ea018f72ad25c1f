import { constants, createCipheriv, createHash, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto';
import { indefinite, integer, NULL, octets, oid, sequence, tlv } from './ber';

/**
 * `kms`: like recorded answers of KMS (RustCrypto/formats#779, aws-nitro-enclaves-sdk-c#12). The outer lengths are indefinite, and the
 * encrypted content is a constructed octet string. `scattered`: the same with many short pieces, as KMS writes longer content. `definite`:
 * DER with a primitive octet string.
 */
export type EnvelopeForm = 'kms' | 'scattered' | 'definite';

const ENVELOPED_DATA = oid('1.2.840.113549.1.7.3');
const DATA = oid('1.2.840.113549.1.7.1');
const RSAES_OAEP = oid('1.2.840.113549.1.1.7');
const MGF1 = oid('1.2.840.113549.1.1.8');
const SHA256 = oid('2.16.840.1.101.3.4.2.1');
const AES_256_CBC = oid('2.16.840.1.101.3.4.1.42');
const PIECE_BYTES: Record<'kms' | 'scattered', number> = { kms: 1000, scattered: 16 };

/**
 * Returns a CMS EnvelopedData (RFC 5652 section 6) for one recipient: the plaintext under a fresh AES-256-CBC key, and that key encrypted
 * with RSAES-OAEP, SHA-256 and MGF1 SHA-256 (RFC 4055 section 4.1).
 * @param spki the recipient's RSA public key in DER; its SHA-256 is the recipient's 32-byte identifier
 */
export function envelopedData(plaintext: Uint8Array, spki: Uint8Array, form: EnvelopeForm): Uint8Array {
  const [key, iv] = [randomBytes(32), randomBytes(16)];
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const content = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  const recipient = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  const encryptedKey = publicEncrypt(
    { key: recipient, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
    key,
  );
  key.fill(0);

  const sha256 = sequence(SHA256, NULL);
  const oaep = sequence(RSAES_OAEP, sequence(tlv(0xa0, sha256), tlv(0xa1, sequence(MGF1, sha256))));
  const identifier = tlv(0x80, createHash('sha256').update(spki).digest());
  const recipients = tlv(0x31, sequence(integer(2), identifier, oaep, octets(encryptedKey)));
  const algorithm = sequence(AES_256_CBC, octets(iv));

  if (form === 'definite') {
    const encrypted = sequence(DATA, algorithm, tlv(0x80, content));
    return sequence(ENVELOPED_DATA, tlv(0xa0, sequence(integer(2), recipients, encrypted)));
  }
  const encrypted = indefinite(
    0x30,
    DATA,
    algorithm,
    indefinite(0xa0, ...pieces(content, PIECE_BYTES[form]).map(octets)),
  );
  return indefinite(0x30, ENVELOPED_DATA, indefinite(0xa0, indefinite(0x30, integer(2), recipients, encrypted)));
}

function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}
