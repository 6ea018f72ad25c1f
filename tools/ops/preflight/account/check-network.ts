import {
  DescribeNatGatewaysCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcAttributeCommand,
  DescribeVpcEndpointsCommand,
  type Route,
  type RouteTable,
  type Subnet,
} from '@aws-sdk/client-ec2';
import { awsCommand } from '../aws/command';
import { awsCode, explainAws } from '../aws/explain';
import { fail, pass, warn, type Check, type Context, type Finding } from '../check';
import type { AdoptedNetwork, Plan } from '../plan/read-plan';

/** Free addresses that a balancer needs in each of its subnets (ELB user guide, "Subnets for your load balancer"). */
const ADDRESSES_OF_A_BALANCER = 8;
/** One address for the store, and one more while its node is replaced. */
const ADDRESSES_OF_A_STORE = 2;

/** Checks what the stack needs in the operator's own VPC. The Pulumi program neither creates nor checks it. */
export const network: Check = {
  name: 'network',
  title: 'a VPC that the configuration names has its subnets, routes, free addresses and DNS',
  group: 'aws',
  network: true,
  needs: ['plan', 'account'],
  async run(context) {
    const plan = await context.plan();
    const { adoptedNetwork } = plan;
    if (adoptedNetwork === undefined) return pass('the stack makes its own VPC');
    try {
      return await look(context, plan, adoptedNetwork);
    } catch (error) {
      const code = awsCode(error) ?? '';
      if (/^Invalid(VpcID|SubnetID|GroupId|Group)\.(NotFound|Malformed)$/.test(code))
        return fail(
          `not everything of vpcId, publicSubnets, privateSubnets and databaseSecurityGroup is in this account and region (${code})`,
          'compare them with the account',
          awsCommand(context.region, 'ec2 describe-subnets', '--filters', `Name=vpc-id,Values=${adoptedNetwork.vpcId}`),
        );
      return explainAws(
        error,
        'ec2:DescribeVpcAttribute, ec2:DescribeSubnets, ec2:DescribeRouteTables, ec2:DescribeNatGateways, ec2:DescribeSecurityGroups and ec2:DescribeVpcEndpoints',
      );
    }
  },
};

async function look(context: Context, plan: Plan, adopted: AdoptedNetwork): Promise<Finding[]> {
  const { ec2 } = context.aws();
  const options = { abortSignal: context.signal };
  const { vpcId, publicSubnets, privateSubnets, databaseSecurityGroup } = adopted;
  const inVpc = [{ Name: 'vpc-id', Values: [vpcId] }];
  const [{ EnableDnsSupport: dns }, { Subnets: subnets = [] }, { RouteTables: tables = [] }, { VpcEndpoints = [] }] =
    await Promise.all([
      ec2.send(new DescribeVpcAttributeCommand({ VpcId: vpcId, Attribute: 'enableDnsSupport' }), options),
      ec2.send(new DescribeSubnetsCommand({ SubnetIds: [...publicSubnets, ...privateSubnets] }), options),
      ec2.send(new DescribeRouteTablesCommand({ Filters: inVpc }), options),
      ec2.send(new DescribeVpcEndpointsCommand({ Filters: inVpc }), options),
    ]);
  const findings: Finding[] = [];
  if (dns?.Value !== true)
    findings.push(
      fail(`DNS support of ${vpcId} is off, and parents find AWS and Congress by name`, 'switch enableDnsSupport on'),
    );
  const several = plan.maxInstances > 1;
  for (const [key, ids] of [
    ['publicSubnets', publicSubnets],
    ['privateSubnets', privateSubnets],
  ] as const) {
    const isPublic = key === 'publicSubnets';
    const hasParents = isPublic !== several;
    for (const [index, id] of ids.entries()) {
      const subnet = subnets.find(({ SubnetId }) => SubnetId === id);
      const where = `${key} ${id}`;
      findings.push(
        ...judgePlace(where, subnet, vpcId, plan.zones[index] ?? ''),
        ...judgeAddresses(where, subnet, hasParents ? plan.instancesWhileReplacing : 0, {
          more: isPublic
            ? plan.balancer
              ? ADDRESSES_OF_A_BALANCER
              : 0
            : [plan.database, plan.redis].filter((store) => store === 'managed').length * ADDRESSES_OF_A_STORE,
        }),
      );
      const route = defaultRouteOf(id, tables);
      if (isPublic && route?.GatewayId?.startsWith('igw-') !== true)
        findings.push(
          fail(
            `${where} has no route for 0.0.0.0/0 to an internet gateway`,
            'add the route, or name a subnet that has it',
          ),
        );
      if (!isPublic && several) findings.push(...(await judgeNat(context, where, route)));
    }
  }
  if (databaseSecurityGroup !== undefined) {
    const { SecurityGroups: [group] = [] } = await ec2.send(
      new DescribeSecurityGroupsCommand({ GroupIds: [databaseSecurityGroup] }),
      options,
    );
    if (group?.VpcId !== vpcId)
      findings.push(
        fail(
          `databaseSecurityGroup ${databaseSecurityGroup} is in ${String(group?.VpcId)}, not in ${vpcId}`,
          'name the group of the database, in the VPC that vpcId names',
        ),
      );
  }
  if (findings.some(({ status }) => status === 'fail')) return findings;
  const services = VpcEndpoints.map(({ ServiceName }) => ServiceName?.split('.').at(-1) ?? '').sort();
  return [
    ...findings,
    services.length === 0
      ? pass(`${vpcId} with two public and two private subnets`)
      : pass(
          `${vpcId} with two public and two private subnets, and endpoints for ${services.join(', ')}`,
          'their policies and security groups have to let the parents in: this was not checked',
        ),
  ];
}

function judgePlace(where: string, subnet: Subnet | undefined, vpcId: string, zone: string): Finding[] {
  if (subnet?.VpcId !== vpcId)
    return [fail(`${where} is in ${String(subnet?.VpcId)}, not in ${vpcId}`, 'name subnets of the VPC in vpcId')];
  if (subnet.AvailabilityZone !== zone)
    return [
      fail(
        `${where} is in ${String(subnet.AvailabilityZone)}, and its place in the list is that of ${zone}`,
        'name the subnets in the order of availabilityZones',
      ),
    ];
  return [];
}

/**
 * @param parents addresses for the largest number of parents at once, all of which may be in this subnet
 * @param more addresses for the balancer and the stores, which the first `pulumi up` makes
 */
function judgeAddresses(
  where: string,
  subnet: Subnet | undefined,
  parents: number,
  { more }: { more: number },
): Finding[] {
  const free = subnet?.AvailableIpAddressCount ?? 0;
  const todo = 'free some, or name a larger subnet';
  if (free < parents)
    return [fail(`${where} has ${String(free)} free addresses, and parents take up to ${String(parents)}`, todo)];
  return free < parents + more
    ? [
        warn(
          `${where} has ${String(free)} free addresses; parents, balancer and stores take ${String(parents + more)} if none of them is made yet`,
          todo,
        ),
      ]
    : [];
}

/** Returns the default route of the subnet's own route table. A subnet without one uses the VPC's main table. */
function defaultRouteOf(subnet: string, tables: readonly RouteTable[]): Route | undefined {
  const table =
    tables.find(({ Associations = [] }) => Associations.some(({ SubnetId }) => SubnetId === subnet)) ??
    tables.find(({ Associations = [] }) => Associations.some(({ Main }) => Main === true));
  return table?.Routes?.find(({ DestinationCidrBlock: to, State }) => to === '0.0.0.0/0' && State !== 'blackhole');
}

async function judgeNat(context: Context, where: string, route: Route | undefined): Promise<Finding[]> {
  const id = route?.NatGatewayId;
  if (id === undefined)
    return [
      fail(
        `${where} has no route for 0.0.0.0/0 to a NAT gateway, which several parents need`,
        'add the route, or take instances 1 and no maxInstances',
      ),
    ];
  const { NatGateways: [gateway] = [] } = await context
    .aws()
    .ec2.send(new DescribeNatGatewaysCommand({ NatGatewayIds: [id] }), { abortSignal: context.signal });
  const address = gateway?.NatGatewayAddresses?.find(({ PublicIp }) => PublicIp !== undefined)?.PublicIp;
  return gateway?.State === 'available' && address !== undefined
    ? []
    : [
        fail(
          `${where} goes out by ${id}, which is ${String(gateway?.State)} and has ${address === undefined ? 'no public address' : address}`,
          'use an available public NAT gateway, whose address the House must have on its list',
        ),
      ];
}
