import { verify, type X509Certificate } from 'node:crypto';
import { EifError } from '../errors';
import { measureCertificate } from '../format/measurements';
import { CborReader, major } from './cbor';
import { readCertificate } from './certificate';
import { decodeSign1, signedBytes } from './cose';

/** A signature that holds: over the image's PCR0, with the key of this certificate. Who that is says the certificate alone. */
export interface ImageSignature {
  readonly certificatePem: string;
  readonly certificateDer: Uint8Array;
  readonly subject: string;
  readonly issuer: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** 96 hexadecimal digits: SHA384(48 zero bytes || SHA384(certificateDer)) */
  readonly pcr8: string;
}

/**
 * Reads and verifies a signature section. Whether the certificate is the expected one and valid now is for `verifySignature`.
 *
 * @param pcr0 as measured, 96 hexadecimal digits
 * @throws EifError ERR_EIF_SIGNATURE_FORMAT, _ALGORITHM, _CERTIFICATE, _REGISTER, ERR_EIF_SIGNATURE
 */
export function readSignature(section: Uint8Array, pcr0: string): ImageSignature {
  const reader = new CborReader(section);
  // The format allows more, and only the first one is ever looked at: the others would be there for nothing.
  reader.exactly(major.array, 1);
  reader.exactly(major.map, 2);
  reader.text('signing_certificate');
  const certificatePem = Buffer.from(reader.numbers()).toString('latin1');
  reader.text('signature');
  const { payload, pcr0: signedPcr0, signature } = decodeSign1(reader.numbers());
  reader.end();
  const certificate = readCertificate(certificatePem);
  if (!holds(certificate, payload, signature)) throw new EifError('ERR_EIF_SIGNATURE');
  if (Buffer.from(signedPcr0).toString('hex') !== pcr0) throw new EifError('ERR_EIF_SIGNATURE_REGISTER');
  const certificateDer = new Uint8Array(certificate.raw);
  return {
    certificatePem,
    certificateDer,
    subject: certificate.subject,
    issuer: certificate.issuer,
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
    pcr8: measureCertificate(certificateDer),
  };
}

function holds(certificate: X509Certificate, payload: Uint8Array, signature: Uint8Array): boolean {
  return verify('sha384', signedBytes(payload), { key: certificate.publicKey, dsaEncoding: 'ieee-p1363' }, signature);
}
