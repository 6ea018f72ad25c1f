import type { Place } from './place';
import { enclaveKeyPolicy, operatorKeyPolicy, type AcceptedImage } from './attested-key';

export interface KeyPolicySettings {
  stack: string;
  region: string;
  /** 12 digits. */
  accountId: string;
  /** Default `aws`. */
  partition?: string;
  /** Whose credentials the enclave uses. */
  parentRoleArn: string;
  /** PCRs, 96 hexadecimal digits in lower case each; at least one image. */
  acceptedImages: readonly AcceptedImage[];
  administrators: readonly string[];
  /** Who encrypts the operator's secrets (default: the administrators). */
  operators?: readonly string[];
}

/**
 * The policies of the two keys as `pulumi up` would give them to KMS, JSON text: for tests outside the program (the simulator of KMS).
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
