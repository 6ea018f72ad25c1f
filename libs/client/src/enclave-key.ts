import {
  EnclaveError,
  verifyEnclave,
  type EnclaveIdentity,
  type EnclavePolicy,
} from '@communique-tee/enclave-identity/browser';
import { checkAcceptedResidence } from './accepted-residence';
import type { AcceptedResidence } from './api';
import { toHex } from '@communique-tee/protocol';
import { refusedEnclave } from './as-client-error';
import { ClientError } from './errors';
import { isNetworkError, request, withSignal } from './http';

const NONCE_BYTES = 32;
const TIMEOUT_MS = 15_000;
/** Shorter than the limit for a document, because a client can send most messages without the configuration. */
const CONFIGURATION_TIMEOUT_MS = 5_000;

/** `acceptedMeasurements` has no default. `trustAnchor` is only for a development or test root. */
export interface TrustPolicy extends Pick<EnclavePolicy, 'acceptedMeasurements' | 'acceptedCustody' | 'trustAnchor'> {
  /** How far the document's timestamp may differ from our clock. The default is 5 minutes. */
  readonly maxAgeMs?: number;
  /** Checked only when a key is fetched, because a receipt comes without a configuration. */
  readonly acceptedResidence?: AcceptedResidence;
}

/** An enclave's key from a verified document. */
export interface EnclaveKey extends EnclaveIdentity {
  /** As received. */
  document: Uint8Array;
}

/**
 * Asks the gateway for an attestation document over a fresh nonce, and for the public configuration whose hash the document contains.
 * Verifies both.
 * @throws AttestationError; ClientError `refused` | `answer_invalid` | `key_binding_invalid` | `custody_refused` |
 * `configuration_refused` | `residence_refused`; what fetch throws
 */
export async function fetchEnclaveKey(
  gateway: string | URL,
  policy: TrustPolicy,
  signal?: AbortSignal,
): Promise<EnclaveKey> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const url = new URL('/attestation', gateway);
  url.searchParams.set('nonce', toHex(nonce));
  const document = await request(url, { headers: { accept: 'application/cose' }, ...withSignal(signal) }, TIMEOUT_MS);
  const { maxAgeMs = 5 * 60_000, acceptedResidence, ...trust } = policy;
  const evidence = { document, configuration: (sha256: Uint8Array) => fetchConfiguration(gateway, sha256, signal) };
  try {
    const checks = { ...trust, freshness: { nonce }, maxAgeMs, maxFutureSkewMs: maxAgeMs };
    const identity = await verifyEnclave(evidence, checks);
    if (acceptedResidence !== undefined) checkAcceptedResidence(identity.configuration, acceptedResidence);
    return { ...identity, document };
  } catch (error) {
    throw error instanceof EnclaveError ? refusedEnclave(error) : error;
  }
}

/** Returns the unverified configuration, or undefined if the gateway serves none. `verifyEnclave` compares it with the attested hash. */
async function fetchConfiguration(
  gateway: string | URL,
  sha256: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  const url = new URL('/attestation/configuration', gateway);
  url.searchParams.set('sha256', toHex(sha256));
  try {
    return await request(
      url,
      { headers: { accept: 'application/json' }, ...withSignal(signal) },
      CONFIGURATION_TIMEOUT_MS,
    );
  } catch (error) {
    if (error instanceof ClientError || isNetworkError(error)) return undefined;
    throw error;
  }
}

export function isSameKey(a: Pick<EnclaveKey, 'keyId'>, b: Pick<EnclaveKey, 'keyId'>): boolean {
  return toHex(a.keyId) === toHex(b.keyId);
}
