import { getCallerIdentity } from '@pulumi/aws/getCallerIdentity.js';
import { getInstanceTypeOfferings } from '@pulumi/aws/ec2/getInstanceTypeOfferings.js';
import { getPartition } from '@pulumi/aws/getPartition.js';
import { getSessionContext } from '@pulumi/aws/iam/getSessionContext.js';
import type { Provider } from '@pulumi/aws/provider.js';
import { getZone } from '@pulumi/aws/route53/getZone.js';
import { getParameter } from '@pulumi/aws/ssm/getParameter.js';
import { ConfigError } from './config/config-error';
import { AMAZON_LINUX } from './instances/instance-types';
import type { Settings } from './config/parse-settings';

/** What the program asks AWS before it makes anything. */
export interface Lookups {
  accountId: string;
  partition: string;
  imageId: string;
  zoneId: string | undefined;
}

/**
 * Nothing of the account decides by its order or its caller: zones and administrators are the configuration's, and only compared here.
 * @throws ConfigError where a zone does not offer the instance type, or an administrator of keys does not run the program
 */
export async function lookUp(settings: Settings, provider: Provider): Promise<Lookups> {
  const options = { provider };
  const [{ accountId, arn }, { partition }, { locations }] = await Promise.all([
    getCallerIdentity({}, options),
    getPartition({}, options),
    getInstanceTypeOfferings(
      { locationType: 'availability-zone', filters: [{ name: 'instance-type', values: [settings.instanceType] }] },
      options,
    ),
  ]);
  const [{ issuerArn }, imageId, zoneId] = await Promise.all([
    getSessionContext({ arn }, options),
    settings.amiId ?? getParameter({ name: AMAZON_LINUX[settings.architecture] }, options).then(({ value }) => value),
    settings.hostedZone === undefined
      ? undefined
      : getZone({ name: settings.hostedZone, privateZone: false }, options).then((zone) => zone.zoneId),
  ]);
  const problems = [...zoneProblems(settings, locations), ...administratorProblems(settings, issuerArn)];
  if (problems.length > 0) throw new ConfigError(settings.stack, problems);
  return { accountId, partition, imageId, zoneId };
}

/** Proposes others; the order in which AWS names them is no order. */
function zoneProblems({ availabilityZones, instanceType }: Settings, locations: readonly string[]): string[] {
  const lacking = availabilityZones.filter((zone) => !locations.includes(zone));
  if (lacking.length === 0) return [];
  return [
    `availabilityZones ${lacking.join(', ')}: no ${instanceType} there; it is in ${[...locations].sort().join(', ')}`,
  ];
}

/** KMS refuses a policy under which its maker could not change it again, and does so in the middle of `pulumi up`. */
const administratorProblems = ({ keyAdministrators }: Settings, deployerArn: string): string[] =>
  keyAdministrators.includes(deployerArn)
    ? []
    : [`keyAdministrators: does not name ${deployerArn}, who runs this; add it, or sign in as one that it names`];
