import { AttestationError, type TrustAnchor } from '@communique-tee/attestation/browser';
import {
  examineEnclave,
  failedCheck,
  readEnclave_unverified,
  type CheckName,
  type CheckResult,
  type EnclaveEvidence,
  type EnclaveIdentity,
  type EnclaveKeys,
  type Examination,
  type FailureCode,
  type UnverifiedEnclave,
} from '@communique-tee/enclave-identity/browser';
import type { Accepted } from './accepted';

/** The same limit as in libs/client. */
export const MAX_AGE_MS = 5 * 60_000;

export interface Subject extends EnclaveEvidence {
  readonly nonce: Uint8Array;
  /** Undefined: there is no image and operator to compare with. */
  readonly accepted: Accepted | undefined;
  /** Undefined: the AWS root. */
  readonly anchor: TrustAnchor | undefined;
  readonly nowMs: number;
}

export type Verdict =
  | { readonly kind: 'trusted'; readonly identity: EnclaveIdentity }
  /** Every check that ran has passed; image and operator were not compared. */
  | { readonly kind: 'uncompared'; readonly keys: EnclaveKeys }
  | {
      readonly kind: 'refused';
      readonly check: CheckName;
      readonly code: FailureCode;
      /** The index of the certificate at which the chain was refused, 0 for the root. */
      readonly brokenLink: number | undefined;
    };

export interface Examined {
  readonly verdict: Verdict;
  readonly checks: readonly CheckResult[];
  readonly examination: Examination;
  /**
   * The claims of the document; undefined if it cannot be read. Authentic only once the signature check has passed.
   */
  readonly content: UnverifiedEnclave | undefined;
}

export async function examine({ document, configuration, ...policy }: Subject): Promise<Examined> {
  const { nonce, accepted, anchor, nowMs } = policy;
  const examination = await examineEnclave(
    { document, ...(configuration && { configuration }) },
    {
      acceptedMeasurements: accepted ?? 'not_compared',
      freshness: { nonce },
      maxAgeMs: MAX_AGE_MS,
      maxFutureSkewMs: MAX_AGE_MS,
      at: new Date(nowMs),
      ...(anchor && { trustAnchor: anchor }),
    },
  );
  return { verdict: verdictOf(examination), checks: examination.checks, examination, content: contentOf(document) };
}

function verdictOf({ checks, claims, identity }: Examination): Verdict {
  if (identity !== undefined) return { kind: 'trusted', identity };
  if (claims?.keys !== undefined) return { kind: 'uncompared', keys: claims.keys };
  const failed = failedCheck(checks);
  if (failed === undefined) throw new TypeError('an examination without a failure gives the keys');
  const { name: check, code, error } = failed;
  return { kind: 'refused', check, code, brokenLink: 'certificate' in error ? error.certificate : undefined };
}

function contentOf(document: Uint8Array): UnverifiedEnclave | undefined {
  try {
    return readEnclave_unverified(document);
  } catch (error) {
    if (error instanceof AttestationError) return undefined;
    throw error;
  }
}
