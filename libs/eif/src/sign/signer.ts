import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { EifError } from '../errors';
import { maxSignatureBytes } from '../format/sections';
import { measureCertificate } from '../format/measurements';
import { head, major, numbers, text } from './cbor';
import { algorithmOf } from './algorithm';
import { readCertificate } from './certificate';
import { encodeSign1, registerPayload, signedBytes } from './cose';

export interface SigningKey {
  /** An unencrypted key on P-256, P-384 or P-521, in PEM (PKCS #8 or SEC 1). */
  readonly privateKeyPem: string;
  /** One certificate for that key. The image contains it unchanged, and PCR8 measures its DER. */
  readonly certificatePem: string;
}

export interface Signer {
  readonly pcr8: string;
  /**
   * @param pcr0 96 hexadecimal digits
   * @returns the data of a signature section
   */
  sign(pcr0: string): Uint8Array;
}

/** @throws EifError ERR_EIF_SIGNATURE_CERTIFICATE, ERR_EIF_SIGNING_KEY */
export function prepareSigner({ privateKeyPem, certificatePem }: SigningKey): Signer {
  const { certificate, algorithm } = readCertificate(certificatePem);
  let key: KeyObject;
  try {
    key = createPrivateKey(privateKeyPem);
  } catch {
    // The cause is left out, because it could quote a private key.
    throw new EifError('ERR_EIF_SIGNING_KEY', 'it cannot be read');
  }
  if (algorithmOf(key) === undefined) throw new EifError('ERR_EIF_SIGNING_KEY', 'it is of another kind');
  if (!certificate.checkPrivateKey(key))
    throw new EifError('ERR_EIF_SIGNING_KEY', 'the certificate is for another key');
  return {
    pcr8: measureCertificate(certificate.raw),
    sign(pcr0) {
      const payload = registerPayload(new Uint8Array(Buffer.from(pcr0, 'hex')));
      const signature = new Uint8Array(
        sign(algorithm.hash, signedBytes(algorithm, payload), { key, dsaEncoding: 'ieee-p1363' }),
      );
      // EifSignature is a Vec<PcrSignature>, here with PCR0 only (generate_eif_signature, src/utils/eif_signer.rs).
      const section = Uint8Array.from([
        ...head(major.array, 1),
        ...head(major.map, 2),
        ...text('signing_certificate'),
        ...numbers(new TextEncoder().encode(certificatePem)),
        ...text('signature'),
        ...numbers(encodeSign1(algorithm, payload, signature)),
      ]);
      if (section.length > maxSignatureBytes)
        throw new EifError('ERR_EIF_SECTION_TOO_LARGE', `signature, ${section.length} bytes`);
      return section;
    },
  };
}
