import { AttestationError } from './errors';
import { toHex } from './hex';
import type { CheckedPolicy } from './policy';

/**
 * PCR0, 1 and 2 are there and none is zero (in debug mode exactly these are), and one accepted set fits whole.
 * "All PCRs are zero" would never fire: PCR4 is set in debug mode too.
 */
export function checkMeasurements(pcrs: ReadonlyMap<number, Uint8Array>, accepted: CheckedPolicy['accepted']): void {
  for (const index of [0, 1, 2]) {
    const value = pcrs.get(index);
    if (!value) throw new AttestationError('ERR_ATTESTATION_PCR_MISSING', `PCR${index}`);
    if (value.every((byte) => byte === 0)) throw new AttestationError('ERR_ATTESTATION_DEBUG', `PCR${index}`);
  }
  const measured = (index: number) => toHex(pcrs.get(index) ?? new Uint8Array());
  const fits = accepted.some((set) => set.every(([index, value]) => measured(index) === value));
  if (!fits) throw new AttestationError('ERR_ATTESTATION_MEASUREMENT', `PCR0 is ${measured(0)}`);
}
