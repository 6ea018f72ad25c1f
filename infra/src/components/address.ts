import { Eip } from '@pulumi/aws/ec2/eip.js';
import { Record } from '@pulumi/aws/route53/record.js';
import type { ComponentResourceOptions, Input, Output } from '@pulumi/pulumi';
import { Part } from './part';

/** The one address of a single parent: the House has it on its list, so it outlives every instance. */
export class Address extends Part {
  readonly allocationId: Output<string>;
  readonly publicIp: Output<string>;

  constructor(name: string, { keep }: { keep: boolean }, options: ComponentResourceOptions) {
    super('Address', name, options);
    const address = new Eip(name, { domain: 'vpc', tags: { Name: name } }, this.child({ protect: keep }));
    this.allocationId = address.allocationId;
    this.publicIp = address.publicIp;
    this.registerOutputs({});
  }
}

export interface DnsArgs {
  zoneId: Input<string>;
  domain: string;
  target: { address: Input<string> } | { balancer: { dnsName: Input<string>; zoneId: Input<string> } };
}

/** The service's name. */
export class Dns extends Part {
  constructor(name: string, { zoneId, domain, target }: DnsArgs, options: ComponentResourceOptions) {
    super('Dns', name, options);
    const to =
      'address' in target
        ? { records: [target.address], ttl: 300 }
        : { aliases: [{ name: target.balancer.dnsName, zoneId: target.balancer.zoneId, evaluateTargetHealth: true }] };
    new Record(name, { zoneId, name: domain, type: 'A', ...to }, this.child());
    this.registerOutputs({});
  }
}
