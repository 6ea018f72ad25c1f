import { Eip } from '@pulumi/aws/ec2/eip.js';
import type { ComponentResourceOptions, Output } from '@pulumi/pulumi';
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
