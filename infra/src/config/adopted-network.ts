import type { RawSettings } from './settings-schema';

const KEYS = ['vpcId', 'publicSubnets', 'privateSubnets'] as const;

/**
 * Finds contradictions between the settings about the operator's own network.
 * @param wrong problems that were found before, each with its key in front
 * @returns the new problems, each with its key in front
 */
export function adoptedNetworkProblems(raw: Partial<RawSettings>, wrong: readonly string[]): string[] {
  const isListed = (key: string): boolean => wrong.some((problem) => problem.startsWith(`${key}:`));
  const isNamed = (key: (typeof KEYS)[number]): boolean => isListed(key) || (raw[key]?.length ?? 0) > 0;
  const { vpcId, publicSubnets = [], privateSubnets = [] } = raw;
  if (!KEYS.some(isNamed))
    return raw.databaseSecurityGroup === undefined
      ? []
      : [
          'databaseSecurityGroup: a security group can admit only a group of its own network; name that network with vpcId, publicSubnets and privateSubnets, or remove databaseSecurityGroup',
        ];
  const problems = KEYS.filter((key) => !isNamed(key)).map(
    (key) => `${key}: is missing; a network of yours needs all of ${KEYS.join(', ')}`,
  );
  for (const [key, subnets] of Object.entries({ publicSubnets, privateSubnets }))
    if (subnets.length === 1) problems.push(`${key}: one subnet; name two, in the order of availabilityZones`);
  const both = privateSubnets.filter((subnet) => publicSubnets.includes(subnet));
  if (both.length > 0)
    problems.push(`privateSubnets: ${both.join(', ')} is among publicSubnets too; name subnets without a public route`);
  if (vpcId === undefined) return problems;
  if (raw.natPerZone === true)
    problems.push('natPerZone: with vpcId the NAT gateways are yours, and the stack makes none; remove natPerZone');
  if (Math.max(raw.instances ?? 1, raw.maxInstances ?? 1) > 1 && (raw.addresses ?? []).length > 0)
    problems.push(
      'addresses: with vpcId several parents use the addresses of your NAT gateways, and not these; remove addresses',
    );
  return problems;
}
