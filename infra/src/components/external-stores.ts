import { SecurityGroupEgressRule } from '@pulumi/aws/vpc/securityGroupEgressRule.js';
import type { ComponentResourceOptions, Input } from '@pulumi/pulumi';
import { Part } from './part';

export interface ExternalStoresArgs {
  parentSecurityGroupId: Input<string>;
  /** Ports of PostgreSQL and Redis outside this network. */
  ports: readonly number[];
}

/** The way to stores that somebody else keeps: outgoing only, by TLS (their URLs say so). */
export class ExternalStores extends Part {
  constructor(name: string, args: ExternalStoresArgs, options: ComponentResourceOptions) {
    super('ExternalStores', name, options);
    for (const port of new Set(args.ports)) {
      new SecurityGroupEgressRule(
        `${name}-${port}`,
        {
          securityGroupId: args.parentSecurityGroupId,
          cidrIpv4: '0.0.0.0/0',
          ipProtocol: 'tcp',
          fromPort: port,
          toPort: port,
          description: 'To a PostgreSQL or Redis kept elsewhere',
        },
        this.child(),
      );
    }
    this.registerOutputs({});
  }
}
