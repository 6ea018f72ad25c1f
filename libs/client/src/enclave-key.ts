import {
  verifyAttestation,
  type AttestationPolicy,
  type VerifiedAttestation,
} from '@communique-tee/attestation/browser';
import { keyIdOf } from '@communique-tee/crypto/browser';
import { PUBLIC_KEY_BYTES, decodeKeyBinding, toHex } from '@communique-tee/protocol';
import { ClientError } from './errors';
import { request } from './http';

const NONCE_BYTES = 32;
const TIMEOUT_MS = 15_000;

export interface TrustPolicy {
  /** The images that the caller trusts, by PCR0; there is no default. */
  acceptedMeasurements: AttestationPolicy['acceptedMeasurements'];
  /**
   * Who may be able to bring the enclave's keys back: `process` (nobody) and ARNs of KMS key aliases. Not given: whatever is attested; the
   * image that PCR0 stands for names the alias in its own configuration, so who accepts the one has accepted the other.
   */
  acceptedCustody?: readonly string[];
  /** Only for a development or test root. */
  trustAnchor?: AttestationPolicy['trustAnchor'];
  /** How old a document may be that was made for our nonce; 5 minutes for clocks that differ, unless given. */
  maxAgeMs?: number;
}

/** An enclave's key out of a document that was verified just now. */
export interface EnclaveKey {
  publicKey: Uint8Array;
  keyId: Uint8Array;
  receiptKey: Uint8Array;
  custody: string;
  /** 32 bytes: what the web client that exists today seals to; absent where the image has that suite switched off. */
  legacyKey?: Uint8Array;
  attestation: VerifiedAttestation;
  /** As received. */
  document: Uint8Array;
}

/**
 * Asks the gateway for an attestation document over a fresh nonce and verifies it. The gateway is not trusted with any of it.
 * @throws AttestationError by code, ClientError `refused` | `key_binding_invalid` | `custody_refused`
 */
export async function fetchEnclaveKey(gateway: string | URL, policy: TrustPolicy): Promise<EnclaveKey> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const url = new URL('/attestation', gateway);
  url.searchParams.set('nonce', toHex(nonce));
  const document = await request(url, { headers: { accept: 'application/cose' } }, TIMEOUT_MS);
  const maxAgeMs = policy.maxAgeMs ?? 5 * 60_000;
  const attestation = await verifyAttestation(document, {
    acceptedMeasurements: policy.acceptedMeasurements,
    freshness: { nonce },
    maxAgeMs,
    maxFutureSkewMs: maxAgeMs,
    ...(policy.trustAnchor && { trustAnchor: policy.trustAnchor }),
  });
  return { ...bindingOf(attestation, policy), attestation, document };
}

function bindingOf(
  attestation: VerifiedAttestation,
  policy: TrustPolicy,
): Pick<EnclaveKey, 'publicKey' | 'keyId' | 'receiptKey' | 'custody' | 'legacyKey'> {
  const { publicKey, userData } = attestation;
  if (publicKey?.length !== PUBLIC_KEY_BYTES || !userData) throw unbound();
  let binding: ReturnType<typeof decodeKeyBinding>;
  try {
    binding = decodeKeyBinding(userData);
  } catch (cause) {
    throw unbound(cause);
  }
  if (toHex(keyIdOf(publicKey)) !== toHex(binding.keyId)) throw unbound();
  checkCustody(binding.custody, policy);
  return { publicKey, ...binding };
}

/** @throws ClientError `custody_refused` */
export function checkCustody(custody: string, { acceptedCustody }: Pick<TrustPolicy, 'acceptedCustody'>): void {
  if (acceptedCustody?.includes(custody) ?? true) return;
  throw new ClientError('custody_refused', 'the keys are guarded in a way that the policy does not accept', {
    reason: custody,
  });
}

/** Whether both name the same key. */
export function isSameKey(a: Pick<EnclaveKey, 'keyId'>, b: Pick<EnclaveKey, 'keyId'>): boolean {
  return toHex(a.keyId) === toHex(b.keyId);
}

function unbound(cause?: unknown): ClientError {
  return new ClientError(
    'key_binding_invalid',
    'the attestation document does not bind a sealing key and a receipt key',
    { cause },
  );
}
