import type { TrustAnchor } from '@communique-tee/attestation';
import { toHex } from '@communique-tee/protocol';
import type { KeyTimes } from './custody-config';

/** What a sealed key must match to be opened in this enclave. */
export interface KeyRequirements {
  /** ARN of the alias of the KMS key. */
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
   * The root under which the documents of makers (the enclaves that made the keys) are verified. Absent: the AWS root. Only the development
   * entry and tests set this, to a mock NSM's root.
   */
  makerRoot?: TrustAnchor | undefined;
}

/**
 * Returns the encryption context of data keys. The policy of the KMS key requires that the PCR0 in the context equals the attested PCR0.
 */
export function dataKeyContext({ stack, pcr0 }: KeyRequirements): Record<string, string> {
  return {
    'communique-tee:purpose': 'enclave-keys',
    'communique-tee:stack': stack,
    'communique-tee:pcr0': toHex(pcr0),
  };
}
