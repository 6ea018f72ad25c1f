import { AttestationError } from './errors';
import { checkMeasurementSets, type CheckedSet, type MeasurementSet } from './measurement-set';
import { awsNitroRoot, TrustAnchor } from './trust-anchor';

export interface AttestationPolicy {
  /**
   * Images, each under an operator. A document must match every part of one set. While two releases run, a policy has several sets.
   * No image is accepted by default.
   */
  acceptedMeasurements: readonly [MeasurementSet, ...MeasurementSet[]];
  /**
   * The verifier's own nonce (16 to 512 random bytes, used once), or the statement that the document was not made for this
   * verifier. After that statement the document's age is the only evidence that it is fresh.
   */
  freshness: { nonce: Uint8Array } | { documentTakenFromCache: true };
  /** how old the document's timestamp may be */
  maxAgeMs: number;
  /** how far the document's timestamp may be ahead of the verifier's clock */
  maxFutureSkewMs: number;
  /** The time of verification. The default is now. Set another time for a receipt or a document of the past. */
  at?: Date;
  /** default: the AWS root */
  trustAnchor?: TrustAnchor;
}

/** A checked policy without the images that it accepts. */
export interface CheckedCircumstances {
  nonce: Uint8Array | undefined;
  maxAgeMs: number;
  maxFutureSkewMs: number;
  atMs: number;
  anchor: TrustAnchor;
}

export interface CheckedPolicy extends CheckedCircumstances {
  accepted: readonly CheckedSet[];
}

const minNonceBytes = 16;
const maxNonceBytes = 512;

/**
 * Checks a policy before a document is examined. A policy that would accept every document, or none, is refused.
 *
 * @throws AttestationError ERR_ATTESTATION_POLICY, ERR_ATTESTATION_TRUST_ANCHOR
 */
export function checkPolicy(policy: AttestationPolicy): CheckedPolicy {
  const circumstances = checkCircumstances(policy);
  return { ...circumstances, accepted: checkMeasurementSets(policy.acceptedMeasurements) };
}

/** Checks the parts of a policy other than its measurements. @throws AttestationError as `checkPolicy` */
export function checkCircumstances(policy: Omit<AttestationPolicy, 'acceptedMeasurements'>): CheckedCircumstances {
  // Repeats the checks of the types, because a policy may come from plain JavaScript or from a configuration.
  const given: { [Key in keyof typeof policy]?: unknown } | null | undefined = policy;
  if (typeof given !== 'object' || given === null) throw wrong('it is no object');
  const at = given.at ?? new Date();
  const atMs = at instanceof Date ? at.getTime() : NaN;
  if (!Number.isFinite(atMs)) throw wrong('at is no valid Date');
  const anchor = given.trustAnchor ?? awsNitroRoot;
  if (!(anchor instanceof TrustAnchor))
    throw new AttestationError('ERR_ATTESTATION_TRUST_ANCHOR', 'it was not made by this library');
  return {
    nonce: nonceOf(given.freshness),
    maxAgeMs: duration(given.maxAgeMs, 'maxAgeMs'),
    maxFutureSkewMs: duration(given.maxFutureSkewMs, 'maxFutureSkewMs'),
    atMs,
    anchor,
  };
}

function nonceOf(given: unknown): Uint8Array | undefined {
  if (typeof given !== 'object' || given === null) throw wrong('freshness is missing: give your nonce');
  const { nonce, documentTakenFromCache } = given as { nonce?: unknown; documentTakenFromCache?: unknown };
  if (nonce === undefined) {
    if (documentTakenFromCache !== true) throw wrong('freshness has neither a nonce nor documentTakenFromCache');
    return undefined;
  }
  if (documentTakenFromCache !== undefined) throw wrong('freshness has both a nonce and documentTakenFromCache');
  if (!(nonce instanceof Uint8Array) || nonce.length < minNonceBytes || nonce.length > maxNonceBytes) {
    throw wrong(`the nonce is not ${minNonceBytes} to ${maxNonceBytes} bytes`);
  }
  return nonce;
}

function duration(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
    throw wrong(`${name} is no number of milliseconds`);
  return value;
}

function wrong(why: string): AttestationError {
  return new AttestationError('ERR_ATTESTATION_POLICY', why);
}
