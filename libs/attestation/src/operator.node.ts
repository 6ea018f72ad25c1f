import { hash } from 'node:crypto';
import { AttestationError } from './errors';

const ROLE_ARN = /^arn:aws(?:-[a-z]+)*:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/;

/**
 * Returns PCR3, which names the operator: SHA-384 of 48 zero bytes and the ARN of the parent instance's role in ASCII (AWS Nitro
 * Enclaves User Guide, "Where to get an enclave's measurements"). It can be computed before anything is deployed.
 *
 * @param roleArn `arn:aws:iam::<12 digits>:role/<name>`
 * @returns 96 lowercase hexadecimal digits
 * @throws AttestationError ERR_ATTESTATION_POLICY for any other text
 * @example
 * const pcr3 = pcr3OfRole('arn:aws:iam::111122223333:role/communique-tee-prod-parent');
 */
export function pcr3OfRole(roleArn: string): string {
  if (!ROLE_ARN.test(roleArn))
    throw new AttestationError(
      'ERR_ATTESTATION_POLICY',
      'the role is not written as arn:aws:iam::<12 digits>:role/<name> (not an instance profile, not an assumed role)',
    );
  return hash('sha384', Buffer.concat([Buffer.alloc(48), Buffer.from(roleArn, 'ascii')]), 'hex');
}
