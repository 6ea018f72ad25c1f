import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation/browser';
import { checkEnclavePolicy } from '@communique-tee/enclave-identity/browser';
import type { Policy } from './api';
import type { TrustPolicy } from './enclave-key';
import { asClientError } from './as-client-error';
import { ClientError } from './errors';
import { isAcceptedResidence } from './accepted-residence';

const DEFAULT_AGE_MS = 5 * 60_000;
const DEFAULT_KEY_AGE_MS = 15 * 60_000;
const MEMBERS = [
  'acceptedMeasurements',
  'acceptedCustody',
  'acceptedResidence',
  'maxAgeMs',
  'maxKeyAgeMs',
  'unsafeDevelopmentRootPem',
] as const satisfies readonly (keyof Policy)[];

export interface CheckedPolicy {
  readonly trust: TrustPolicy;
  readonly maxKeyAgeMs: number;
}

/**
 * Checks a policy, which may come from plain JavaScript or a file. Refuses an unknown member, because it may be a misspelled condition that
 * would never be checked.
 * @throws ClientError `policy_invalid`
 */
export function checkPolicy(policy: Policy): CheckedPolicy {
  const given: unknown = policy;
  if (typeof given !== 'object' || given === null) throw invalid('it is not an object');
  const unknown = Object.keys(given).find((name) => !(MEMBERS as readonly string[]).includes(name));
  if (unknown !== undefined) throw invalid(`it has ${JSON.stringify(unknown.slice(0, 40))}, which is unknown`);
  const { maxKeyAgeMs = DEFAULT_KEY_AGE_MS, maxAgeMs = DEFAULT_AGE_MS, unsafeDevelopmentRootPem, ...images } = policy;
  if (!(Number.isFinite(maxKeyAgeMs) && maxKeyAgeMs >= 0)) throw invalid('maxKeyAgeMs is not a number of milliseconds');
  if (images.acceptedResidence !== undefined && !isAcceptedResidence(images.acceptedResidence))
    throw invalid('acceptedResidence is not { modes, registrar? }');
  try {
    const trust: TrustPolicy = {
      ...structuredClone(images),
      maxAgeMs,
      ...(unsafeDevelopmentRootPem !== undefined && {
        trustAnchor: unsafeTrustAnchorFromPem(unsafeDevelopmentRootPem),
      }),
    };
    checkEnclavePolicy({ ...trust, maxAgeMs, maxFutureSkewMs: maxAgeMs, freshness: { documentTakenFromCache: true } });
    return { trust, maxKeyAgeMs };
  } catch (error) {
    throw asClientError(error);
  }
}

function invalid(why: string): ClientError {
  return new ClientError('policy_invalid', `the policy is not usable: ${why}`);
}
