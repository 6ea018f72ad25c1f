import {
  DescribeAvailabilityZonesCommand,
  DescribeInstanceTypeOfferingsCommand,
  DescribeInstanceTypesCommand,
  type InstanceTypeOffering,
} from '@aws-sdk/client-ec2';
import { explainAws } from '../aws/explain';
import { fail, pass, type Check, type Context, type Finding } from '../check';

/** Asks AWS about the instance type, which the check `configuration` has compared with infra's table. */
export const instanceType: Check = {
  name: 'instance-type',
  title:
    'AWS offers the instance type in both of availabilityZones, with enclaves, and its architecture is the image’s',
  group: 'aws',
  network: true,
  needs: ['plan', 'account'],
  async run(context) {
    const { instanceType: name, architecture, zones } = await context.plan();
    const { ec2 } = context.aws();
    const options = { abortSignal: context.signal };
    try {
      const usable = await zonesOf(context);
      const absent = zones.filter((zone) => !usable.includes(zone));
      if (absent.length > 0)
        return fail(
          `this account has no zone ${absent.join(' and ')} in ${context.region}`,
          `name two of these in availabilityZones: ${usable.join(', ')}`,
        );
      const filter = { Name: 'instance-type', Values: [name] };
      const [{ InstanceTypeOfferings: offerings = [] }, { InstanceTypes: types = [] }] = await Promise.all([
        ec2.send(
          new DescribeInstanceTypeOfferingsCommand({ LocationType: 'availability-zone', Filters: [filter] }),
          options,
        ),
        ec2.send(new DescribeInstanceTypesCommand({ Filters: [filter] }), options),
      ]);
      const [type] = types;
      if (type === undefined)
        return fail(`AWS has no ${name} in this region`, 'take another instanceType, or another region');
      const wrong: Finding[] = [];
      const missing = zones.filter((zone) => !offerings.some(({ Location }) => Location === zone));
      if (missing.length > 0)
        wrong.push(
          fail(
            `${name} is not offered in ${missing.join(' and ')}, where the subnets will be`,
            `before the first pulumi up, name two of these in availabilityZones: ${offeredIn(offerings)}; after it, take another instanceType`,
          ),
        );
      if (type.NitroEnclavesSupport !== 'supported')
        wrong.push(fail(`AWS reports that ${name} cannot run an enclave`, 'take another instanceType'));
      if (type.ProcessorInfo?.SupportedArchitectures?.includes(architecture) !== true)
        wrong.push(
          fail(`${name} is not ${architecture}, as infra assumed`, 'this is a fault of this project: report it'),
        );
      return wrong.length > 0 ? wrong : pass(`${name} in ${zones.join(' and ')}, enclaves supported`);
    } catch (error) {
      return explainAws(
        error,
        'ec2:DescribeAvailabilityZones, ec2:DescribeInstanceTypeOfferings and ec2:DescribeInstanceTypes',
      );
    }
  },
};

const offeredIn = (offerings: readonly InstanceTypeOffering[]): string =>
  offerings
    .flatMap(({ Location: zone }) => (zone === undefined ? [] : [zone]))
    .sort()
    .join(', ');

/** The zones that this account may use in the region. */
async function zonesOf(context: Context): Promise<string[]> {
  const filters = [{ Name: 'state', Values: ['available'] }];
  const { AvailabilityZones: zones = [] } = await context
    .aws()
    .ec2.send(new DescribeAvailabilityZonesCommand({ Filters: filters }), { abortSignal: context.signal });
  return zones.flatMap(({ ZoneName: name }) => (name === undefined ? [] : [name])).sort();
}
