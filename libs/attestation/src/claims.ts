import { AttestationError } from './errors';
import { toHex } from './hex';
import type { CheckedSet } from './measurement-set';
import type { CheckedPolicy } from './policy';

type Pcrs = ReadonlyMap<number, Uint8Array>;

/**
 * Checks that PCR0, 1 and 2 are present and none is zero. Debug mode sets these to zero, but not all others: PCR4 keeps its value.
 * @throws AttestationError ERR_ATTESTATION_PCR_MISSING, ERR_ATTESTATION_DEBUG
 */
export function checkDebugMode(pcrs: Pcrs): void {
  for (const index of [0, 1, 2]) {
    const value = pcrs.get(index);
    if (!value) throw new AttestationError('ERR_ATTESTATION_PCR_MISSING', `PCR${index}`);
    if (value.every((byte) => byte === 0)) throw new AttestationError('ERR_ATTESTATION_DEBUG', `PCR${index}`);
  }
}

/** Checks that every image PCR of at least one accepted set matches. @throws AttestationError ERR_ATTESTATION_MEASUREMENT */
export function checkMeasurements(pcrs: Pcrs, accepted: CheckedPolicy['accepted']): void {
  if (setsOfImage(pcrs, accepted).length === 0)
    throw new AttestationError('ERR_ATTESTATION_MEASUREMENT', `PCR0 is ${measured(pcrs, 0)}`);
}

/**
 * Checks that an accepted set with this image also accepts this operator (PCR3). If the set names a parent instance (PCR4), that must match
 * too.
 * @returns how the operator was accepted: `named` by PCR3, or `any` or `not_compared` as the set says
 * @throws AttestationError ERR_ATTESTATION_OPERATOR, ERR_ATTESTATION_OPERATOR_UNNAMED, ERR_ATTESTATION_INSTANCE
 */
export function checkOperator(pcrs: Pcrs, accepted: CheckedPolicy['accepted']): 'named' | 'any' | 'not_compared' {
  const pcr3 = measured(pcrs, 3);
  const named = (set: CheckedSet) => set.pcr3 === pcr3;
  const ofOperator = setsOfImage(pcrs, accepted).filter(
    (set) => named(set) || set.pcr3 === 'any' || set.pcr3 === 'not_compared',
  );
  if (ofOperator.length === 0)
    throw /^0*$/.test(pcr3)
      ? new AttestationError('ERR_ATTESTATION_OPERATOR_UNNAMED')
      : new AttestationError('ERR_ATTESTATION_OPERATOR', `PCR3 is ${pcr3}`);
  const fitting = ofOperator.filter(({ pcr4 }) => pcr4 === undefined || pcr4 === measured(pcrs, 4));
  if (fitting.length === 0)
    throw new AttestationError('ERR_ATTESTATION_INSTANCE', `PCR4 is ${measured(pcrs, 4) || 'absent'}`);
  if (fitting.some(named)) return 'named';
  return fitting.some((set) => set.pcr3 === 'any') ? 'any' : 'not_compared';
}

function setsOfImage(pcrs: Pcrs, accepted: CheckedPolicy['accepted']): readonly CheckedSet[] {
  return accepted.filter(({ image }) => image.every(([index, value]) => measured(pcrs, index) === value));
}

/** Returns a register in hex, or an empty text if it is absent. */
function measured(pcrs: Pcrs, index: number): string {
  return toHex(pcrs.get(index) ?? new Uint8Array());
}

/** @throws AttestationError ERR_ATTESTATION_NONCE_MISSING, ERR_ATTESTATION_NONCE */
export function checkNonce(actual: Uint8Array | undefined, expected: Uint8Array): void {
  if (!actual) throw new AttestationError('ERR_ATTESTATION_NONCE_MISSING');
  if (!equalInConstantTime(actual, expected)) throw new AttestationError('ERR_ATTESTATION_NONCE');
}

/**
 * Checks that the Nitro hypervisor's timestamp (ms) is within the window around the time of verification.
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

function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}
