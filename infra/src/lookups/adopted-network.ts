import { getNatGateway } from '@pulumi/aws/ec2/getNatGateway.js';
import { getRouteTable, type GetRouteTableResult } from '@pulumi/aws/ec2/getRouteTable.js';
import { getSubnet } from '@pulumi/aws/ec2/getSubnet.js';
import type { InvokeOptions } from '@pulumi/pulumi';
import { ConfigError } from '../config/config-error';
import type { Settings } from '../config/parse-settings';
import { answered } from './answered';

/** The operator's own network. */
export interface AdoptedNetwork {
  readonly vpcId: string;
  /** In the order of availabilityZones. */
  readonly publicSubnetIds: readonly string[];
  readonly publicCidrs: readonly string[];
  /** In the order of availabilityZones. */
  readonly privateSubnetIds: readonly string[];
  /** Public addresses of the private subnets' NAT gateways, without duplicates; empty if the stack has only one parent. */
  readonly natAddresses: readonly string[];
}

type NetworkSettings = Pick<
  Settings,
  'stack' | 'region' | 'vpcId' | 'publicSubnets' | 'privateSubnets' | 'availabilityZones' | 'maxInstances'
>;

/**
 * @returns undefined if the stack makes its own network
 * @throws ConfigError if a subnet is not in the VPC and its zone, or several parents have no NAT gateway with a public address
 */
export async function lookUpNetwork(
  settings: NetworkSettings,
  options: InvokeOptions,
): Promise<AdoptedNetwork | undefined> {
  const { stack, region, vpcId, publicSubnets, privateSubnets, availabilityZones, maxInstances } = settings;
  if (vpcId === undefined) return undefined;
  const cidrs = (key: 'publicSubnets' | 'privateSubnets'): Promise<string[]> =>
    Promise.all(
      settings[key].map(async (id, index) => {
        const zone = String(availabilityZones[index]);
        const { cidrBlock } = await answered(
          stack,
          getSubnet({ id, vpcId, availabilityZone: zone }, options),
          `${key} ${id}: no such subnet can be read in ${vpcId} and zone ${zone} of ${region}; name them in the order of availabilityZones (\`aws ec2 describe-subnets\`), and allow ec2:DescribeSubnets`,
        );
        return cidrBlock;
      }),
    );
  const [publicCidrs] = await Promise.all([cidrs('publicSubnets'), cidrs('privateSubnets')]);
  const natAddresses =
    maxInstances > 1
      ? await Promise.all(privateSubnets.map((subnet) => natAddress(stack, vpcId, subnet, options)))
      : [];
  return {
    vpcId,
    publicSubnetIds: publicSubnets,
    publicCidrs,
    privateSubnetIds: privateSubnets,
    natAddresses: [...new Set(natAddresses)],
  };
}

/** The public address of a private subnet's NAT gateway. The House accepts only addresses on its list. */
async function natAddress(stack: string, vpcId: string, subnet: string, options: InvokeOptions): Promise<string> {
  const { routes } = await answered(
    stack,
    routeTableOf(vpcId, subnet, options),
    `privateSubnets ${subnet}: its route table cannot be read; allow ec2:DescribeRouteTables`,
  );
  const id = routes.find(({ cidrBlock }) => cidrBlock === '0.0.0.0/0')?.natGatewayId ?? '';
  const problem = `privateSubnets ${subnet}: several parents connect through a NAT gateway, whose address the House has on its list`;
  if (id === '')
    throw new ConfigError(stack, [
      `${problem}, and the subnet's route for 0.0.0.0/0 leads to none; add one, or take instances 1 and no maxInstances`,
    ]);
  const { publicIp } = await answered(
    stack,
    getNatGateway({ id }, options),
    `${problem}: ${id} cannot be read; allow ec2:DescribeNatGateways`,
  );
  if (publicIp === '')
    throw new ConfigError(stack, [`${problem}, and ${id} has no public address; take a public NAT gateway`]);
  return publicIp;
}

/** The subnet's own route table, or else the VPC's main one. */
const routeTableOf = (vpcId: string, subnetId: string, options: InvokeOptions): Promise<GetRouteTableResult> =>
  getRouteTable({ subnetId }, options).catch(() =>
    getRouteTable({ vpcId, filters: [{ name: 'association.main', values: ['true'] }] }, options),
  );
