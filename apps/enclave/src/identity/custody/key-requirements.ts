import type { TrustAnchor } from '@communique-tee/attestation';
import { toHex } from '@communique-tee/protocol';
import type { KeyTimes } from './custody-config';

/** The conditions under which this enclave makes and opens KMS-sealed keys. */
export interface KeyRequirements {
  /** ARN of the KMS key's alias. */
  custody: string;
  stack: string;
  /** The measurement of this enclave's own image, 48 bytes. */
  pcr0: Uint8Array;
  times: KeyTimes;
  /** Whether each key includes a pair of the legacy suite. */
  legacySuite: boolean;
  /** Hash of the public configuration, 32 bytes. */
  configSha256: Uint8Array;
  /**
   * The root that verifies the attestation documents of the enclaves that made the keys. Absent: the AWS root. Only the development entry
   * and tests set it, to a mock NSM's root.
   */
  makerRoot?: TrustAnchor | undefined;
}

/** Returns the encryption context of data keys. The KMS key's policy requires that its PCR0 equals the attested PCR0. */
export function dataKeyContext({ stack, pcr0 }: KeyRequirements): Record<string, string> {
  return {
    'communique-tee:purpose': 'enclave-keys',
    'communique-tee:stack': stack,
    'communique-tee:pcr0': toHex(pcr0),
  };
}
