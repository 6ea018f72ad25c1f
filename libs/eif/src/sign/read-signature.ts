import { verify } from 'node:crypto';
import { EifError } from '../errors';
import { measureCertificate } from '../format/measurements';
import { CborReader, major } from './cbor';
import type { Algorithm } from './algorithm';
import { readCertificate } from './certificate';
import { decodeSign1, signedBytes } from './cose';

/** A valid signature of a PCR0, made with the key of this certificate. Anyone can make a certificate, so compare it. */
export interface ImageSignature {
  readonly certificatePem: string;
  readonly certificateDer: Uint8Array;
  readonly subject: string;
  readonly issuer: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly algorithm: Algorithm['name'];
  /** The PCR0 that was signed, 96 hexadecimal digits: the same as the image's, if the image can be measured. */
  readonly pcr0: string;
  /** 96 hexadecimal digits: SHA384(48 zero bytes || SHA384(certificateDer)) */
  readonly pcr8: string;
}

/**
 * Reads and verifies a signature section. `verifySignature` checks whether the certificate is the expected one and valid now.
 *
 * @param pcr0 the measured value, 96 hexadecimal digits. Undefined if the image cannot be measured. Then the signed PCR0 is not compared.
 * @throws EifError ERR_EIF_SIGNATURE_FORMAT, _ALGORITHM, _CERTIFICATE, _REGISTER, ERR_EIF_SIGNATURE
 */
export function readSignature(section: Uint8Array, pcr0: string | undefined): ImageSignature {
  const reader = new CborReader(section);
  // Only one is accepted: the format allows more, but other readers use the first and ignore the rest.
  reader.exactly(major.array, 1);
  reader.exactly(major.map, 2);
  reader.text('signing_certificate');
  const certificatePem = Buffer.from(reader.numbers()).toString('latin1');
  reader.text('signature');
  const { payload, pcr0: signedBytesOfPcr0, algorithm, signature } = decodeSign1(reader.numbers());
  reader.end();
  const { certificate, algorithm: algorithmOfKey } = readCertificate(certificatePem);
  if (algorithm !== algorithmOfKey)
    throw new EifError('ERR_EIF_SIGNATURE_ALGORITHM', `${algorithm.name}, and the key is for ${algorithmOfKey.name}`);
  if (signature.length !== algorithm.signatureBytes)
    throw new EifError('ERR_EIF_SIGNATURE_FORMAT', `the signature is not ${algorithm.signatureBytes} bytes`);
  const key = { key: certificate.publicKey, dsaEncoding: 'ieee-p1363' } as const;
  if (!verify(algorithm.hash, signedBytes(algorithm, payload), key, signature)) throw new EifError('ERR_EIF_SIGNATURE');
  const signedPcr0 = Buffer.from(signedBytesOfPcr0).toString('hex');
  if (pcr0 !== undefined && signedPcr0 !== pcr0) throw new EifError('ERR_EIF_SIGNATURE_REGISTER');
  const certificateDer = new Uint8Array(certificate.raw);
  return {
    certificatePem,
    certificateDer,
    subject: certificate.subject,
    issuer: certificate.issuer,
    // A date such as `Sep 28 11:08:28 2023 GMT` is parsed here, because Node 20 has no validFromDate.
    notBeforeMs: Date.parse(certificate.validFrom),
    notAfterMs: Date.parse(certificate.validTo),
    algorithm: algorithm.name,
    pcr0: signedPcr0,
    pcr8: measureCertificate(certificateDer),
  };
}
