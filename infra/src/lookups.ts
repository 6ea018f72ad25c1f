import { getCallerIdentity } from '@pulumi/aws/getCallerIdentity.js';
import { getAvailabilityZones } from '@pulumi/aws/getAvailabilityZones.js';
import { getPartition } from '@pulumi/aws/getPartition.js';
import { getSessionContext } from '@pulumi/aws/iam/getSessionContext.js';
import type { Provider } from '@pulumi/aws/provider.js';
import { getZone } from '@pulumi/aws/route53/getZone.js';
import { getParameter } from '@pulumi/aws/ssm/getParameter.js';
import { AMAZON_LINUX } from './instances/instance-types';
import type { Settings } from './config/parse-settings';

/** What the program asks AWS before it makes anything. */
export interface Lookups {
  accountId: string;
  partition: string;
  /** IAM ARN of who runs the program: of the role, where that is a session of one. */
  deployerArn: string;
  zones: readonly [string, string];
  imageId: string;
  zoneId: string | undefined;
}

/** @throws Error where the region has less than two zones, or the hosted zone is not in the account */
export async function lookUp(settings: Settings, provider: Provider): Promise<Lookups> {
  const options = { provider };
  const [{ accountId, arn }, { partition }, { names }] = await Promise.all([
    getCallerIdentity({}, options),
    getPartition({}, options),
    // Local Zones and Wavelength carry no such instances.
    getAvailabilityZones(
      { state: 'available', filters: [{ name: 'opt-in-status', values: ['opt-in-not-required'] }] },
      options,
    ),
  ]);
  const [first, second] = names;
  if (first === undefined || second === undefined) throw new Error(`${settings.region} has less than two zones`);
  const [{ issuerArn }, imageId, zoneId] = await Promise.all([
    getSessionContext({ arn }, options),
    settings.amiId ?? getParameter({ name: AMAZON_LINUX[settings.architecture] }, options).then(({ value }) => value),
    settings.hostedZone === undefined
      ? undefined
      : getZone({ name: settings.hostedZone, privateZone: false }, options).then((zone) => zone.zoneId),
  ]);
  return { accountId, partition, deployerArn: issuerArn, zones: [first, second], imageId, zoneId };
}
