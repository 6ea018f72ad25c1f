import { log } from '@pulumi/pulumi';
import { getCallerIdentity } from '@pulumi/aws/getCallerIdentity.js';
import { getInstanceTypeOfferings } from '@pulumi/aws/ec2/getInstanceTypeOfferings.js';
import { getPartition } from '@pulumi/aws/getPartition.js';
import { getSessionContext } from '@pulumi/aws/iam/getSessionContext.js';
import type { Provider } from '@pulumi/aws/provider.js';
import { getZone } from '@pulumi/aws/route53/getZone.js';
import { getParameter } from '@pulumi/aws/ssm/getParameter.js';
import { ConfigError } from './config/config-error';
import { checkCertificate } from './lookups/adopted-certificate';
import { lookUpAddresses, type AdoptedAddress } from './lookups/adopted-addresses';
import { lookUpNetwork, type AdoptedNetwork } from './lookups/adopted-network';
import { answered as answeredBy } from './lookups/answered';
import { AMAZON_LINUX } from './instances/instance-types';
import type { Settings } from './config/parse-settings';

/** What the program reads from AWS before it creates anything. */
export interface Lookups {
  accountId: string;
  partition: string;
  imageId: string;
  zoneId: string | undefined;
  /** The operator's own addresses, if the configuration names some. */
  addresses: readonly AdoptedAddress[];
  network: AdoptedNetwork | undefined;
}

/**
 * Reads from AWS. Zones and administrators come from the configuration, so that the result depends neither on the order of AWS's answers nor
 * on the caller. They are only compared with the account.
 * @param previewing in a preview, a caller outside `keyAdministrators` gets a warning instead of an error
 * @throws ConfigError if a zone does not offer the instance type, the caller is not among `keyAdministrators`, or AWS does not answer
 */
export async function lookUp(settings: Settings, provider: Provider, previewing = false): Promise<Lookups> {
  const options = { provider };
  const { stack, region, instanceType, architecture, hostedZone } = settings;
  const answered = <T>(answer: Promise<T>, problem: string): Promise<T> => answeredBy(stack, answer, problem);
  const [{ accountId, arn }, { partition }, { locations }] = await Promise.all([
    answered(
      getCallerIdentity({}, options),
      `aws:region ${region}: AWS does not tell who runs this; sign in, and check the region`,
    ),
    answered(getPartition({}, options), `aws:region ${region}: has no known partition; check the region`),
    answered(
      getInstanceTypeOfferings(
        { locationType: 'availability-zone', filters: [{ name: 'instance-type', values: [instanceType] }] },
        options,
      ),
      `instanceType ${instanceType}: AWS does not tell which zones of ${region} have it; check the type, and allow ec2:DescribeInstanceTypeOfferings`,
    ),
  ]);
  const [{ issuerArn }, imageId, zoneId, addresses, network] = await Promise.all([
    answered(
      getSessionContext({ arn }, options),
      `keyAdministrators: cannot be compared with ${arn}, who runs this; allow iam:GetRole on its role`,
    ),
    settings.amiId ??
      answered(
        getParameter({ name: AMAZON_LINUX[architecture] }, options),
        `amiId is not set: ${AMAZON_LINUX[architecture]} cannot be read in ${region}; set amiId, or allow ssm:GetParameter`,
      ).then(({ value }) => value),
    hostedZone === undefined
      ? undefined
      : answered(
          getZone({ name: hostedZone, privateZone: false }, options),
          `hostedZone ${hostedZone}: no such public zone can be read in account ${accountId}; create it there, correct the name, sign in to its account, or remove hostedZone and make the record yourself`,
        ).then((zone) => zone.zoneId),
    lookUpAddresses(settings, options),
    lookUpNetwork(settings, options),
    checkCertificate(settings, options),
  ]);
  const locksOut = administratorProblems(settings, issuerArn);
  if (previewing) for (const problem of locksOut) await log.warn(`pulumi up would stop: ${problem}`);
  const problems = [...zoneProblems(settings, locations), ...(previewing ? [] : locksOut)];
  if (problems.length > 0) throw new ConfigError(stack, problems);
  return { accountId, partition, imageId, zoneId, addresses, network };
}

/** Proposes other zones in sorted order, because AWS's order is arbitrary. */
function zoneProblems({ availabilityZones, instanceType }: Settings, locations: readonly string[]): string[] {
  const lacking = availabilityZones.filter((zone) => !locations.includes(zone));
  if (lacking.length === 0) return [];
  return [
    `availabilityZones ${lacking.join(', ')}: AWS does not offer ${instanceType} there, but in ${[...locations].sort().join(', ')}`,
  ];
}

/** KMS would refuse a key policy that locks the caller out. */
const administratorProblems = ({ keyAdministrators }: Settings, deployerArn: string): string[] =>
  keyAdministrators.includes(deployerArn)
    ? []
    : [`keyAdministrators: does not name ${deployerArn}, who runs this; add it, or sign in as one that it names`];
