import { Record } from '@pulumi/aws/route53/record.js';
import type { ComponentResourceOptions, Input } from '@pulumi/pulumi';
import { Part } from './part';

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
