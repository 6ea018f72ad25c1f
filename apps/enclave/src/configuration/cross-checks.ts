import { type Destination, destinationOf, missingRoutes } from '../egress';
import { readAliasArn } from '../identity/kms/kms-config';
import { needsOf } from '../services/registry';
import type { EnclaveConfiguration } from './configuration';

/** Returns the destinations that egress must let through, without repetitions. */
export function destinationsOf(configuration: EnclaveConfiguration): Destination[] {
  const all = [
    ...servicesNeeds(configuration).destinations,
    ...(configuration.kms ? [destinationOf(configuration.kms.origin)] : []),
  ];
  return [...new Map(all.map((destination) => [`${destination.host}:${destination.port}`, destination])).values()];
}

/** Returns the names of the operator's secrets that the services need. */
export function secretsOf(configuration: EnclaveConfiguration): readonly string[] {
  return servicesNeeds(configuration).secrets;
}

function servicesNeeds({ services }: EnclaveConfiguration): ReturnType<typeof needsOf> {
  return needsOf(services);
}

/**
 * Returns the contradictions between parts of a well-formed configuration. Without this check, they would appear only when the first
 * message fails.
 */
export function crossChecks(configuration: EnclaveConfiguration): string[] {
  return [
    ...routes(configuration),
    ...needs(configuration),
    ...kmsKeys(configuration),
    ...residence(configuration),
    ...servicesNeeds(configuration).problems,
  ];
}

/** Messages of the legacy suite cannot carry a proof. */
function residence({ residence: { mode }, legacySuite }: EnclaveConfiguration): string[] {
  return mode === 'required' && legacySuite ? ['legacySuite: must be false if residence.mode is required'] : [];
}

function routes(configuration: EnclaveConfiguration): string[] {
  return missingRoutes(configuration.egress, destinationsOf(configuration)).map(
    ({ host, port }) => `egress.routes: no route to ${host}:${port}`,
  );
}

function needs(configuration: EnclaveConfiguration): string[] {
  const { custody, kms, secrets } = configuration;
  const problems: string[] = [];
  const named = secretsOf(configuration);
  if (named.length > 0 && !secrets) problems.push('secrets: needed for apiKeySecret');
  if (named.length === 0 && secrets) problems.push('secrets: no service names a secret');
  const used = custody.mode === 'kms' || secrets !== undefined;
  if (used && !kms) problems.push('kms: needed for custody kms and for secrets');
  if (!used && kms) problems.push('kms: neither custody nor secrets use it');
  return problems;
}

/** There is one KMS client with one set of credentials, so all keys must be in one account and region. */
function kmsKeys({ custody, kms, secrets }: EnclaveConfiguration): string[] {
  const problems: string[] = [];
  const aliases = [...(custody.mode === 'kms' ? [custody.keyAlias] : []), ...(secrets ? [secrets.keyAlias] : [])];
  if (new Set(aliases).size !== aliases.length)
    problems.push('secrets.keyAlias: must differ from custody.keyAlias, because the operator may encrypt under it');
  const places = aliases.map(readAliasArn);
  if (new Set(places.map(({ partition, region, account }) => `${partition}:${region}:${account}`)).size > 1) {
    problems.push('secrets.keyAlias: must be in the account and region of custody.keyAlias');
  }
  const region = kms && /^https:\/\/kms(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(kms.origin)?.[1];
  if (region !== undefined && places.some((place) => place.region !== region))
    problems.push('kms.origin: must be in the region of the key alias');
  return problems;
}
