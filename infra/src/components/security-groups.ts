import { SecurityGroup } from '@pulumi/aws/ec2/securityGroup.js';
import { SecurityGroupEgressRule } from '@pulumi/aws/vpc/securityGroupEgressRule.js';
import { SecurityGroupIngressRule } from '@pulumi/aws/vpc/securityGroupIngressRule.js';
import type { ComponentResourceOptions, Input, Output } from '@pulumi/pulumi';
import { Part } from './part';

export interface SecurityGroupsArgs {
  vpcId: Input<string>;
  balancer: boolean;
  managedDatabase: boolean;
  managedRedis: boolean;
}

const ANYWHERE = '0.0.0.0/0';

/**
 * The allowed connections. The internet reaches port 443, and port 80 for ACME and the redirect. Port 22 is closed: use Session Manager.
 * Parents reach ports 443 and 80 of any address; stores.ts adds the ports of external stores.
 */
export class SecurityGroups extends Part {
  readonly parentId: Output<string>;
  readonly balancerId: Output<string> | undefined;
  readonly databaseId: Output<string> | undefined;
  readonly redisId: Output<string> | undefined;

  constructor(name: string, args: SecurityGroupsArgs, options: ComponentResourceOptions) {
    super('SecurityGroups', name, options);
    const group = (part: string, description: string): SecurityGroup =>
      new SecurityGroup(
        `${name}-${part}`,
        { name: `${name}-${part}`, description, vpcId: args.vpcId, tags: { Name: `${name}-${part}` } },
        this.child(),
      );
    // Rules have names, so that `ops import-file` finds them if Pulumi's state is lost.
    const named = (part: string) => ({ tags: { Name: `${name}-${part}` } });
    const rule = (port: number) => ({ ipProtocol: 'tcp', fromPort: port, toPort: port });
    const fromAnywhere = (part: string, of: SecurityGroup, port: number, description: string) =>
      new SecurityGroupIngressRule(
        `${name}-${part}-${port}`,
        { securityGroupId: of.id, cidrIpv4: ANYWHERE, ...rule(port), description, ...named(`${part}-${port}`) },
        this.child(),
      );
    const between = (part: string, from: SecurityGroup, to: SecurityGroup, port: number, description: string) => {
      new SecurityGroupIngressRule(
        `${name}-${part}-in`,
        {
          securityGroupId: to.id,
          referencedSecurityGroupId: from.id,
          ...rule(port),
          description,
          ...named(`${part}-in`),
        },
        this.child(),
      );
      new SecurityGroupEgressRule(
        `${name}-${part}-out`,
        {
          securityGroupId: from.id,
          referencedSecurityGroupId: to.id,
          ...rule(port),
          description,
          ...named(`${part}-out`),
        },
        this.child(),
      );
    };

    const parent = group('parent', 'The parent instance: gateway behind nginx');
    this.parentId = parent.id;
    // These rules do not limit hosts. For the enclave, the egress proxies do.
    for (const port of [443, 80])
      new SecurityGroupEgressRule(
        `${name}-parent-out-${port}`,
        {
          securityGroupId: parent.id,
          cidrIpv4: ANYWHERE,
          ...rule(port),
          description:
            port === 443 ? 'HTTPS: Congress, AWS, identity provider' : 'HTTP: certificate status and packages',
          ...named(`parent-out-${port}`),
        },
        this.child(),
      );

    if (args.balancer) {
      const balancer = group('balancer', 'The load balancer');
      this.balancerId = balancer.id;
      fromAnywhere('balancer', balancer, 443, 'HTTPS from anywhere');
      fromAnywhere('balancer', balancer, 80, 'HTTP, to be redirected to HTTPS');
      between('balancer-parent', balancer, parent, 443, 'From the balancer to nginx');
    } else {
      fromAnywhere('parent', parent, 443, 'HTTPS from anywhere');
      fromAnywhere('parent', parent, 80, 'ACME challenges and the redirect to HTTPS');
    }
    if (args.managedDatabase) {
      const database = group('database', 'PostgreSQL');
      this.databaseId = database.id;
      between('parent-database', parent, database, 5432, 'From the parent to PostgreSQL');
    }
    if (args.managedRedis) {
      const redis = group('redis', 'Redis');
      this.redisId = redis.id;
      between('parent-redis', parent, redis, 6379, 'From the parent to Redis');
    }
    this.registerOutputs({});
  }
}
