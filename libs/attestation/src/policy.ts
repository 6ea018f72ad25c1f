import { AttestationError } from './errors';
import { awsNitroRoot, TrustAnchor } from './trust-anchor';

/** Values of PCRs as 96 lowercase hexadecimal digits (SHA-384). PCR0 covers kernel, command line and all file systems. */
export interface MeasurementSet {
  pcr0: string;
  pcr1?: string;
  pcr2?: string;
  /** the role of the parent instance */
  pcr3?: string;
  /** the certificate that signed the image */
  pcr8?: string;
}

export interface AttestationPolicy {
  /** One of these sets has to fit whole; several, for the time of a rollover. Nothing is accepted by default. */
  acceptedMeasurements: readonly [MeasurementSet, ...MeasurementSet[]];
  /**
   * The verifier's own nonce (16 to 512 random bytes, used once), or, by name, that the document was not made for this
   * verifier: then age alone speaks for its freshness.
   */
  freshness: { nonce: Uint8Array } | { documentTakenFromCache: true };
  /** how old the document's timestamp may be */
  maxAgeMs: number;
  /** how far ahead of the verifier's clock it may be */
  maxFutureSkewMs: number;
  /** the time of verification; default now. Another time is for looking back, at a receipt or a recorded document. */
  at?: Date;
  /** default: the AWS root */
  trustAnchor?: TrustAnchor;
}

/** All of a policy but which images it accepts, checked. */
export interface CheckedCircumstances {
  nonce: Uint8Array | undefined;
  maxAgeMs: number;
  maxFutureSkewMs: number;
  atMs: number;
  anchor: TrustAnchor;
}

/** A policy that was checked; PCR values as 96 lowercase hexadecimal digits. */
export interface CheckedPolicy extends CheckedCircumstances {
  accepted: readonly (readonly (readonly [index: number, value: string])[])[];
}

const pcrNames = [
  ['pcr0', 0],
  ['pcr1', 1],
  ['pcr2', 2],
  ['pcr3', 3],
  ['pcr8', 8],
] as const;
const minNonceBytes = 16;
const maxNonceBytes = 512;

/**
 * A policy that would accept anything, or nothing, is a mistake and is refused before a document is looked at.
 *
 * @throws AttestationError ERR_ATTESTATION_POLICY, ERR_ATTESTATION_TRUST_ANCHOR
 */
export function checkPolicy(policy: AttestationPolicy): CheckedPolicy {
  const circumstances = checkCircumstances(policy);
  return { ...circumstances, accepted: measurementSets(policy.acceptedMeasurements) };
}

/** The same without the images. @throws AttestationError as `checkPolicy` */
export function checkCircumstances(policy: Omit<AttestationPolicy, 'acceptedMeasurements'>): CheckedCircumstances {
  // The types say the same; at run time a policy may come from plain JavaScript or from a configuration.
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

function measurementSets(given: unknown): CheckedPolicy['accepted'] {
  if (!Array.isArray(given) || given.length === 0)
    throw wrong('acceptedMeasurements is empty: name the PCR0 values that are accepted');
  return given.map((set: unknown) => {
    if (typeof set !== 'object' || set === null) throw wrong('a measurement set is no object');
    const values = set as Record<string, unknown>;
    const unknown = Object.keys(values).find((key) => !pcrNames.some(([name]) => name === key));
    // A misspelt PCR would otherwise be a check that is never made.
    if (unknown !== undefined)
      throw wrong(`a measurement set has ${JSON.stringify(unknown.slice(0, 32))}; PCR0, 1, 2, 3 and 8 can be named`);
    if (values['pcr0'] === undefined) throw wrong('a measurement set without pcr0');
    return pcrNames.flatMap(([name, index]) =>
      values[name] === undefined ? [] : [[index, pcrHex(values[name], name)] as const],
    );
  });
}

function pcrHex(value: unknown, name: string): string {
  if (typeof value !== 'string' || !/^[0-9a-f]{96}$/.test(value))
    throw wrong(`${name} is not 96 lowercase hexadecimal digits (SHA-384)`);
  if (/^0+$/.test(value)) throw wrong(`${name} is zero: that is an enclave in debug mode, or an unused register`);
  return value;
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
