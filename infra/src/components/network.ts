import { Eip } from '@pulumi/aws/ec2/eip.js';
import { InternetGateway } from '@pulumi/aws/ec2/internetGateway.js';
import { NatGateway } from '@pulumi/aws/ec2/natGateway.js';
import { Route } from '@pulumi/aws/ec2/route.js';
import { RouteTable } from '@pulumi/aws/ec2/routeTable.js';
import { RouteTableAssociation } from '@pulumi/aws/ec2/routeTableAssociation.js';
import { Subnet } from '@pulumi/aws/ec2/subnet.js';
import { Vpc } from '@pulumi/aws/ec2/vpc.js';
import { VpcEndpoint } from '@pulumi/aws/ec2/vpcEndpoint.js';
import type { ComponentResourceOptions, Output } from '@pulumi/pulumi';
import { Part } from './part';

export interface NetworkArgs {
  region: string;
  /** A /16. */
  cidr: string;
  /** Two availability zones. */
  zones: readonly [string, string];
  /** Several parents go out through one NAT gateway, whose address the House has on its list. */
  nat: boolean;
  /** A registered address is not given back by accident. */
  keepAddress: boolean;
}

/** A network of two zones: public subnets with a way out, private ones without (or through NAT). */
export class Network extends Part {
  readonly vpcId: Output<string>;
  readonly publicSubnetIds: Output<string>[];
  /** CIDR blocks of the public subnets. */
  readonly publicCidrs: string[];
  readonly privateSubnetIds: Output<string>[];
  /** Of the NAT gateway, for the House's list. */
  readonly natAddress: Output<string> | undefined;

  constructor(name: string, args: NetworkArgs, options: ComponentResourceOptions) {
    super('Network', name, options);
    const tagged = (suffix: string) => ({ Name: `${name}-${suffix}` });
    const vpc = new Vpc(name, { cidrBlock: args.cidr, enableDnsSupport: true, enableDnsHostnames: true, tags: { Name: name } }, this.child());
    this.vpcId = vpc.id;
    const gateway = new InternetGateway(name, { vpcId: vpc.id, tags: { Name: name } }, this.child());

    const publicRoutes = new RouteTable(`${name}-public`, { vpcId: vpc.id, tags: tagged('public') }, this.child());
    new Route(`${name}-public-out`, { routeTableId: publicRoutes.id, destinationCidrBlock: '0.0.0.0/0', gatewayId: gateway.id }, this.child());
    const privateRoutes = new RouteTable(`${name}-private`, { vpcId: vpc.id, tags: tagged('private') }, this.child());

    const [first, second] = args.cidr.split('.');
    this.publicCidrs = args.zones.map((_zone, index) => `${first}.${second}.${index}.0/24`);
    const subnet = (kind: 'public' | 'private', zone: string, third: number, routes: RouteTable): Output<string> => {
      const suffix = `${kind}-${zone.slice(-1)}`;
      // Public addresses are given by the launch template where they are wanted, never by the subnet.
      const made = new Subnet(`${name}-${suffix}`, { vpcId: vpc.id, cidrBlock: `${first}.${second}.${third}.0/24`, availabilityZone: zone, mapPublicIpOnLaunch: false, tags: tagged(suffix) }, this.child());
      new RouteTableAssociation(`${name}-${suffix}`, { subnetId: made.id, routeTableId: routes.id }, this.child());
      return made.id;
    };
    this.publicSubnetIds = args.zones.map((zone, index) => subnet('public', zone, index, publicRoutes));
    this.privateSubnetIds = args.zones.map((zone, index) => subnet('private', zone, 128 + index, privateRoutes));

    // Without a policy of its own: the packages of Amazon Linux come through it too, from buckets of Amazon's.
    new VpcEndpoint(
      `${name}-s3`,
      { vpcId: vpc.id, serviceName: `com.amazonaws.${args.region}.s3`, vpcEndpointType: 'Gateway', routeTableIds: [publicRoutes.id, privateRoutes.id], tags: tagged('s3') },
      this.child(),
    );

    if (args.nat) {
      const address = new Eip(`${name}-nat`, { domain: 'vpc', tags: tagged('nat') }, this.child({ protect: args.keepAddress }));
      const [subnetId] = this.publicSubnetIds;
      if (subnetId === undefined) throw new Error('a network has a public subnet');
      const nat = new NatGateway(`${name}-nat`, { allocationId: address.id, subnetId, tags: tagged('nat') }, this.child({ dependsOn: gateway }));
      new Route(`${name}-private-out`, { routeTableId: privateRoutes.id, destinationCidrBlock: '0.0.0.0/0', natGatewayId: nat.id }, this.child());
      this.natAddress = address.publicIp;
    }
    this.registerOutputs({});
  }
}
