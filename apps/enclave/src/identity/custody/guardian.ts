import type { TrustAnchor } from '@communique-tee/attestation';
import { toHex } from '@communique-tee/protocol';
import type { KeyTimes } from './custody-config';

/** What guards this enclave's sealed keys. All of it is measured, except the PCR0, which is the measurement. */
export interface Guardian {
  /** ARN of the alias of the KMS key. */
  custody: string;
  stack: string;
  /** 48 bytes: of this enclave's own image. */
  pcr0: Uint8Array;
  times: KeyTimes;
  /** Whether keys have a pair of the legacy suite. */
  legacySuite: boolean;
  /** Of the public configuration, 32 bytes. */
  configSha256: Uint8Array;
  /**
   * The root under which makers' documents are verified. Absent: the AWS root. Only the development entry and tests set it, to a mock
   * NSM's root.
   */
  makerRoot?: TrustAnchor | undefined;
}

/** The encryption context of data keys: the policy of the KMS key pairs its PCR0 with the attested one. */
export function dataKeyContext({ stack, pcr0 }: Guardian): Record<string, string> {
  return {
    'communique-tee:purpose': 'enclave-keys',
    'communique-tee:stack': stack,
    'communique-tee:pcr0': toHex(pcr0),
  };
}
