import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation/browser';
import type { Policy } from './api';
import type { TrustPolicy } from './enclave-key';
import { asClientError } from './as-client-error';
import { ClientError } from './errors';

const DEFAULT_KEY_AGE_MS = 15 * 60_000;
const MEMBERS = [
  'acceptedMeasurements',
  'acceptedCustody',
  'maxAgeMs',
  'maxKeyAgeMs',
  'unsafeDevelopmentRootPem',
] as const satisfies readonly (keyof Policy)[];

export interface CheckedPolicy {
  readonly trust: TrustPolicy;
  readonly maxKeyAgeMs: number;
}

/**
 * A policy may come from plain JavaScript or a configuration: a member that is misspelt would be a check that is never made.
 * @throws ClientError `policy_invalid`
 */
export function checkPolicy(policy: Policy): CheckedPolicy {
  const given: unknown = policy;
  if (typeof given !== 'object' || given === null) throw invalid('it is no object');
  const unknown = Object.keys(given).find((name) => !(MEMBERS as readonly string[]).includes(name));
  if (unknown !== undefined) throw invalid(`it has ${JSON.stringify(unknown.slice(0, 40))}, which is not known`);
  const {
    acceptedMeasurements,
    acceptedCustody,
    maxAgeMs,
    maxKeyAgeMs = DEFAULT_KEY_AGE_MS,
    unsafeDevelopmentRootPem,
  } = policy;
  if (!Array.isArray(acceptedMeasurements) || acceptedMeasurements.length === 0)
    throw invalid('acceptedMeasurements names no PCR0');
  if (
    acceptedCustody !== undefined &&
    (!Array.isArray(acceptedCustody) ||
      acceptedCustody.length === 0 ||
      !acceptedCustody.every((one) => typeof one === 'string'))
  )
    throw invalid('acceptedCustody is no list of texts');
  for (const [name, value] of [
    ['maxAgeMs', maxAgeMs],
    ['maxKeyAgeMs', maxKeyAgeMs],
  ] as const) {
    if (value !== undefined && !(Number.isFinite(value) && value >= 0))
      throw invalid(`${name} is no number of milliseconds`);
  }
  const [first, ...rest] = acceptedMeasurements;
  const trust: TrustPolicy = { acceptedMeasurements: [{ ...first }, ...rest.map((set) => ({ ...set }))] };
  if (acceptedCustody !== undefined) trust.acceptedCustody = [...acceptedCustody];
  if (maxAgeMs !== undefined) trust.maxAgeMs = maxAgeMs;
  if (unsafeDevelopmentRootPem !== undefined) {
    try {
      trust.trustAnchor = unsafeTrustAnchorFromPem(unsafeDevelopmentRootPem);
    } catch (error) {
      throw asClientError(error);
    }
  }
  return { trust, maxKeyAgeMs };
}

function invalid(why: string): ClientError {
  return new ClientError('policy_invalid', `the policy is not usable: ${why}`);
}
