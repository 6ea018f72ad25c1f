import type { Place } from './place';
import { enclaveKeyPolicy, operatorKeyPolicy, type AcceptedImage } from './attested-key';

export interface KeyPolicySettings {
  stack: string;
  region: string;
  /** 12 digits. */
  accountId: string;
  /** Default `aws`. */
  partition?: string;
  /** The role whose credentials the enclave uses. */
  parentRoleArn: string;
  /** PCRs, 96 hexadecimal digits in lower case each; at least one image. */
  acceptedImages: readonly AcceptedImage[];
  administrators: readonly string[];
  /** ARNs of the roles or users that may encrypt the operator's secrets. The default is the administrators. */
  operators?: readonly string[];
}

/**
 * Returns the policies of the two keys as the JSON text that `pulumi up` would give to KMS, for tests with the simulator of KMS.
 * @throws Error as {@link enclaveKeyPolicy}
 */
export function keyPolicyDocuments({
  stack,
  region,
  accountId,
  partition = 'aws',
  operators,
  ...args
}: KeyPolicySettings): { enclave: string; operator: string } {
  const place: Place = { stack, region, accountId, partition };
  return {
    enclave: JSON.stringify(enclaveKeyPolicy({ ...args, place })),
    operator: JSON.stringify(operatorKeyPolicy({ ...args, place, operators: operators ?? args.administrators })),
  };
}
