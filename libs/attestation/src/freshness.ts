import { AttestationError } from './errors';
import type { CheckedPolicy } from './policy';

/** The verifier's own nonce, and a timestamp (the Nitro hypervisor's, in ms) within the window around the time of verification. */
export function checkFreshness(
  document: { nonce?: Uint8Array; timestampMs: number },
  policy: Pick<CheckedPolicy, 'nonce' | 'atMs' | 'maxAgeMs' | 'maxFutureSkewMs'>,
): void {
  if (policy.nonce) {
    if (!document.nonce) throw new AttestationError('ERR_ATTESTATION_NONCE_MISSING');
    if (!equalInConstantTime(document.nonce, policy.nonce)) throw new AttestationError('ERR_ATTESTATION_NONCE');
  }
  const ageMs = policy.atMs - document.timestampMs;
  if (ageMs > policy.maxAgeMs)
    throw new AttestationError('ERR_ATTESTATION_TOO_OLD', `${ageMs} ms old, ${policy.maxAgeMs} allowed`);
  if (-ageMs > policy.maxFutureSkewMs)
    throw new AttestationError('ERR_ATTESTATION_FROM_FUTURE', `${-ageMs} ms ahead, ${policy.maxFutureSkewMs} allowed`);
}

/** Time depends on the lengths only. */
function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}
