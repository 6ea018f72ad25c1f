import { EifError } from '../errors';
import type { DescribedImage } from './read-image';
import type { ImageSignature } from '../sign/read-signature';

export interface SignaturePolicy {
  /** The accepted signer's PCR8: 96 hexadecimal digits, lower case. */
  readonly pcr8: string;
  /** The time at which the certificate must be valid. nitro-cli checks its dates too (PcrSignatureChecker::verify, src/utils/mod.rs). */
  readonly at: Date;
}

/**
 * Checks that the accepted signer signed an image. `readImage` has already verified the signature over the image's own
 * PCR0. This function checks the certificate.
 *
 * @throws EifError ERR_EIF_NOT_SIGNED, ERR_EIF_SIGNER, ERR_EIF_CERTIFICATE_NOT_YET_VALID, ERR_EIF_CERTIFICATE_EXPIRED
 * @example
 * verifySignature(await readImage('enclave.eif'), { pcr8: certificatePcr8(pem), at: new Date() });
 */
export function verifySignature(image: DescribedImage, { pcr8, at }: SignaturePolicy): ImageSignature {
  const { signature } = image;
  if (signature === undefined) throw new EifError('ERR_EIF_NOT_SIGNED');
  if (signature.pcr8 !== pcr8) throw new EifError('ERR_EIF_SIGNER', `PCR8 is ${signature.pcr8}`);
  if (!(at.getTime() >= signature.notBeforeMs))
    throw new EifError('ERR_EIF_CERTIFICATE_NOT_YET_VALID', new Date(signature.notBeforeMs).toISOString());
  if (at.getTime() > signature.notAfterMs)
    throw new EifError('ERR_EIF_CERTIFICATE_EXPIRED', new Date(signature.notAfterMs).toISOString());
  return signature;
}
