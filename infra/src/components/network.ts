import { InternetGateway } from '@pulumi/aws/ec2/internetGateway.js';
import { NatGateway } from '@pulumi/aws/ec2/natGateway.js';
import { Route } from '@pulumi/aws/ec2/route.js';
import { RouteTable } from '@pulumi/aws/ec2/routeTable.js';
import { RouteTableAssociation } from '@pulumi/aws/ec2/routeTableAssociation.js';
import { Subnet } from '@pulumi/aws/ec2/subnet.js';
import { Vpc } from '@pulumi/aws/ec2/vpc.js';
import { VpcEndpoint } from '@pulumi/aws/ec2/vpcEndpoint.js';
import { output, type ComponentResourceOptions, type Input, type Output } from '@pulumi/pulumi';
import type { AdoptedNetwork } from '../lookups/adopted-network';
import type { Place } from '../names';
import { s3EndpointPolicy } from '../policies/buckets';
import { Part } from './part';

export interface NetworkArgs {
  place: Place;
  /** ARN of the image store's bucket. */
  storeArn: string;
  /** A /16. */
  cidr: string;
  /** Availability zones. */
  zones: readonly [string, string];
  /** Allocation ids of the NAT gateways' addresses: one for all zones, or one for each zone. Empty if the stack needs no NAT gateway. */
  natAllocationIds: readonly Input<string>[];
}

/** What the rest of the stack needs to know about its network. Subnets are in the order of the zones. */
export interface UsedNetwork {
  readonly vpcId: Output<string>;
  readonly publicSubnetIds: Output<string>[];
  /** CIDR blocks of the public subnets. */
  readonly publicCidrs: readonly string[];
  readonly privateSubnetIds: Output<string>[];
  /** The NAT gateways that the stack makes. */
  readonly natGatewayIds: Output<string[]>;
}

/** Uses the operator's own network. The stack makes no subnet, route or gateway in it. */
export function adoptedNetwork(network: AdoptedNetwork | undefined): UsedNetwork {
  if (network === undefined) throw new Error('a stack has a network of its own or an adopted one');
  const ids = (of: readonly string[]): Output<string>[] => of.map((id) => output(id));
  return {
    vpcId: output(network.vpcId),
    publicSubnetIds: ids(network.publicSubnetIds),
    publicCidrs: network.publicCidrs,
    privateSubnetIds: ids(network.privateSubnetIds),
    natGatewayIds: output([]),
  };
}

/** A network in two zones. Private subnets have a route to the internet only through a NAT gateway, if there is one. */
export class Network extends Part implements UsedNetwork {
  readonly vpcId: Output<string>;
  readonly publicSubnetIds: Output<string>[];
  readonly publicCidrs: string[];
  readonly privateSubnetIds: Output<string>[];
  readonly natGatewayIds: Output<string[]>;

  constructor(name: string, args: NetworkArgs, options: ComponentResourceOptions) {
    super('Network', name, options);
    const tagged = (suffix: string) => ({ Name: `${name}-${suffix}` });
    const vpc = new Vpc(
      name,
      { cidrBlock: args.cidr, enableDnsSupport: true, enableDnsHostnames: true, tags: { Name: name } },
      this.child(),
    );
    this.vpcId = vpc.id;
    const gateway = new InternetGateway(name, { vpcId: vpc.id, tags: { Name: name } }, this.child());

    const publicRoutes = new RouteTable(`${name}-public`, { vpcId: vpc.id, tags: tagged('public') }, this.child());
    new Route(
      `${name}-public-out`,
      { routeTableId: publicRoutes.id, destinationCidrBlock: '0.0.0.0/0', gatewayId: gateway.id },
      this.child(),
    );
    // The first name has no zone letter, because a stack usually has only one NAT gateway and one private route table.
    const natPerZone = args.natAllocationIds.length > 1;
    const part = (of: string, index: number): string =>
      index === 0 ? of : `${of}-${String(args.zones[index]).slice(-1)}`;
    const privateRoutes = (natPerZone ? args.zones : args.zones.slice(0, 1)).map(
      (_zone, index) =>
        new RouteTable(
          `${name}-${part('private', index)}`,
          { vpcId: vpc.id, tags: tagged(part('private', index)) },
          this.child(),
        ),
    );
    const privateRoutesOf = (index: number): RouteTable => {
      const table = privateRoutes[index] ?? privateRoutes[0];
      if (table === undefined) throw new Error('a network has a private route table');
      return table;
    };

    const [first, second] = args.cidr.split('.');
    this.publicCidrs = args.zones.map((_zone, index) => `${first}.${second}.${index}.0/24`);
    const subnet = (kind: 'public' | 'private', zone: string, third: number, routes: RouteTable): Output<string> => {
      const suffix = `${kind}-${zone.slice(-1)}`;
      // The launch template, not the subnet, decides about public addresses.
      const made = new Subnet(
        `${name}-${suffix}`,
        {
          vpcId: vpc.id,
          cidrBlock: `${first}.${second}.${third}.0/24`,
          availabilityZone: zone,
          mapPublicIpOnLaunch: false,
          tags: tagged(suffix),
        },
        this.child(),
      );
      new RouteTableAssociation(`${name}-${suffix}`, { subnetId: made.id, routeTableId: routes.id }, this.child());
      return made.id;
    };
    this.publicSubnetIds = args.zones.map((zone, index) => subnet('public', zone, index, publicRoutes));
    this.privateSubnetIds = args.zones.map((zone, index) =>
      subnet('private', zone, 128 + index, privateRoutesOf(index)),
    );

    new VpcEndpoint(
      `${name}-s3`,
      {
        vpcId: vpc.id,
        serviceName: `com.amazonaws.${args.place.region}.s3`,
        vpcEndpointType: 'Gateway',
        routeTableIds: [publicRoutes.id, ...privateRoutes.map(({ id }) => id)],
        policy: JSON.stringify(s3EndpointPolicy(args.place, args.storeArn)),
        tags: tagged('s3'),
      },
      this.child(),
    );

    const gateways = args.natAllocationIds.map((allocationId, index) => {
      const suffix = part('nat', index);
      const subnetId = this.publicSubnetIds[index];
      if (subnetId === undefined) throw new Error('each zone has a public subnet');
      const nat = new NatGateway(
        `${name}-${suffix}`,
        { allocationId, subnetId, tags: tagged(suffix) },
        this.child({ dependsOn: gateway }),
      );
      new Route(
        `${name}-${part('private', index)}-out`,
        { routeTableId: privateRoutesOf(index).id, destinationCidrBlock: '0.0.0.0/0', natGatewayId: nat.id },
        this.child(),
      );
      return nat.id;
    });
    this.natGatewayIds = output(gateways);
    this.registerOutputs({});
  }
}
