import {
  DescribeAvailabilityZonesCommand,
  DescribeInstanceTypeOfferingsCommand,
  DescribeInstanceTypesCommand,
} from '@aws-sdk/client-ec2';
import { explainAws } from '../aws/explain';
import { fail, pass, type Check, type Context, type Finding } from '../check';

/** infra's table has taken it (configuration); here AWS itself is asked. */
export const instanceType: Check = {
  name: 'instance-type',
  title: 'AWS offers the instance type in both zones, with enclaves, and its architecture is the image’s',
  group: 'aws',
  network: true,
  needs: ['plan', 'account'],
  async run(context) {
    const { instanceType: name, architecture } = await context.plan();
    const { ec2 } = context.aws();
    const options = { abortSignal: context.signal };
    try {
      const zones = await zonesOf(context);
      if (zones.length < 2)
        return fail(
          `${context.stackFile.region ?? 'the region'} has less than two zones for this account`,
          'take another region',
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
            'take another instanceType',
          ),
        );
      if (type.NitroEnclavesSupport !== 'supported')
        wrong.push(fail(`AWS says that ${name} cannot carry an enclave`, 'take another instanceType'));
      if (type.ProcessorInfo?.SupportedArchitectures?.includes(architecture) !== true)
        wrong.push(
          fail(`${name} is not ${architecture}, as infra took it to be`, 'this is a fault of this project: report it'),
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

/** The two that infra/src/lookups.ts takes. */
async function zonesOf(context: Context): Promise<string[]> {
  const filters = [
    { Name: 'state', Values: ['available'] },
    { Name: 'opt-in-status', Values: ['opt-in-not-required'] },
  ];
  const { AvailabilityZones: zones = [] } = await context
    .aws()
    .ec2.send(new DescribeAvailabilityZonesCommand({ Filters: filters }), { abortSignal: context.signal });
  return zones
    .flatMap(({ ZoneName: name }) => (name === undefined ? [] : [name]))
    .sort()
    .slice(0, 2);
}
