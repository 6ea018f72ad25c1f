import { AttestationError } from '@communique-tee/attestation';
import { examineEnclave, failedCheck } from '@communique-tee/enclave-identity';
import { anchorOf, type Trust } from '../trust';
import type { Judgement } from './report';

const MAX_FUTURE_SKEW_MS = 30_000;

export interface Evidence {
  readonly document: Uint8Array;
  /** Fetches the public configuration with this SHA-256; absent if there is no gateway to ask. */
  readonly configuration?: (sha256: Uint8Array) => Promise<Uint8Array | undefined>;
  /** The nonce that was sent; undefined if none was, so that the document may be an old copy. */
  readonly nonce: Uint8Array | undefined;
  readonly at: Date;
}

/** Runs every check on one document. @throws Failure `not_understood` if the root that the policy names is invalid */
export async function judge(
  { document, configuration, nonce, at }: Evidence,
  trust: Pick<Trust, 'measurements' | 'custody' | 'maxAgeMs' | 'developmentRootPem' | 'publisher'>,
): Promise<Judgement> {
  const trustAnchor = anchorOf(trust);
  const atMs = at.getTime();
  const { checks, claims } = await examineEnclave(
    { document, ...(configuration && { configuration }) },
    {
      acceptedMeasurements: trust.measurements,
      ...(trust.custody && { acceptedCustody: trust.custody }),
      // An enclave with another program can be verified too; its user data has another form
      keyBindingOptional: true,
      freshness: nonce ? { nonce } : { documentTakenFromCache: true }, // the person passed --no-nonce
      maxAgeMs: trust.maxAgeMs,
      maxFutureSkewMs: MAX_FUTURE_SKEW_MS,
      at,
      ...(trustAnchor && { trustAnchor }),
    },
  );
  const failed = failedCheck(checks);
  if (failed === undefined && claims !== undefined)
    return {
      outcome: 'trusted',
      atMs,
      checks,
      nonceChecked: nonce !== undefined,
      publisher: trust.publisher,
      ownRoot: trustAnchor !== undefined,
      claims,
    };
  if (failed === undefined) throw new TypeError('an examination without a failure says what the document claims');
  const { code, detail: message, error, name } = failed;
  const step = error instanceof AttestationError ? error.step : name;
  return { outcome: 'refused', atMs, checks, code, step, message, document };
}
