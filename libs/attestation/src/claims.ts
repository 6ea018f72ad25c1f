import { AttestationError } from './errors';
import { toHex } from './hex';
import type { CheckedPolicy } from './policy';

// What is held against a policy once the signature of the document holds.

/**
 * PCR0, 1 and 2 are there and none is zero: in debug mode exactly these three are zero. "All PCRs are zero" would never be
 * true, since PCR4 is set in debug mode too.
 * @throws AttestationError ERR_ATTESTATION_PCR_MISSING, ERR_ATTESTATION_DEBUG
 */
export function checkDebugMode(pcrs: ReadonlyMap<number, Uint8Array>): void {
  for (const index of [0, 1, 2]) {
    const value = pcrs.get(index);
    if (!value) throw new AttestationError('ERR_ATTESTATION_PCR_MISSING', `PCR${index}`);
    if (value.every((byte) => byte === 0)) throw new AttestationError('ERR_ATTESTATION_DEBUG', `PCR${index}`);
  }
}

/** One accepted set fits whole. @throws AttestationError ERR_ATTESTATION_MEASUREMENT */
export function checkMeasurements(pcrs: ReadonlyMap<number, Uint8Array>, accepted: CheckedPolicy['accepted']): void {
  const measured = (index: number) => toHex(pcrs.get(index) ?? new Uint8Array());
  const fits = accepted.some((set) => set.every(([index, value]) => measured(index) === value));
  if (!fits) throw new AttestationError('ERR_ATTESTATION_MEASUREMENT', `PCR0 is ${measured(0)}`);
}

/** @throws AttestationError ERR_ATTESTATION_NONCE_MISSING, ERR_ATTESTATION_NONCE */
export function checkNonce(actual: Uint8Array | undefined, expected: Uint8Array): void {
  if (!actual) throw new AttestationError('ERR_ATTESTATION_NONCE_MISSING');
  if (!equalInConstantTime(actual, expected)) throw new AttestationError('ERR_ATTESTATION_NONCE');
}

/**
 * The Nitro hypervisor's timestamp (ms) lies within the window around the time of verification.
 * @throws AttestationError ERR_ATTESTATION_TOO_OLD, ERR_ATTESTATION_FROM_FUTURE
 */
export function checkAge(
  timestampMs: number,
  { atMs, maxAgeMs, maxFutureSkewMs }: Pick<CheckedPolicy, 'atMs' | 'maxAgeMs' | 'maxFutureSkewMs'>,
): void {
  const ageMs = atMs - timestampMs;
  if (ageMs > maxAgeMs) throw new AttestationError('ERR_ATTESTATION_TOO_OLD', `${ageMs} ms old, ${maxAgeMs} allowed`);
  if (-ageMs > maxFutureSkewMs)
    throw new AttestationError('ERR_ATTESTATION_FROM_FUTURE', `${-ageMs} ms ahead, ${maxFutureSkewMs} allowed`);
}

/** Time depends on the lengths only. */
function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}
