import type { CertificateSummary } from './x509/summary';

/** What a document says that passed every check. Its bytes are copies. */
export interface VerifiedAttestation {
  /** `i-<instance>-enc<enclave>` */
  moduleId: string;
  /** when the Nitro hypervisor made the document */
  timestampMs: number;
  /** every PCR of the document, by index */
  pcrs: ReadonlyMap<number, Uint8Array>;
  /** 96 hexadecimal digits */
  pcr0: string;
  /** 1 to 1024 bytes */
  publicKey?: Uint8Array;
  /** at most 512 bytes */
  userData?: Uint8Array;
  /** at most 512 bytes */
  nonce?: Uint8Array;
  leafNotBeforeMs: number;
  leafNotAfterMs: number;
  /** root first, leaf last */
  certificates: readonly CertificateSummary[];
  /** SHA-256 of the document as received, 32 bytes */
  documentSha256: Uint8Array;
}
