import { Eip } from '@pulumi/aws/ec2/eip.js';
import { Tag } from '@pulumi/aws/ec2/tag.js';
import { Record } from '@pulumi/aws/route53/record.js';
import { output, type ComponentResourceOptions, type Input, type Output } from '@pulumi/pulumi';
import type { AdoptedAddress } from '../lookups/adopted-addresses';
import { HELD_BY_TAG } from '../names';
import { releasedByParents } from './address-release';
import { Part } from './part';

/** What uses the registered addresses: one parent, which takes the first address, or NAT gateways. */
export type AddressHolder = 'parent' | 'nat';

export interface AddressesArgs {
  count: 1 | 2;
  heldBy: AddressHolder;
  /** Protects a registered address from being released by accident. */
  keep: boolean;
  /** The operator's own addresses, which the stack uses instead of making some. */
  adopted: readonly AdoptedAddress[];
}

export interface AddressOutputs {
  readonly addressForTheHouse: Output<string>;
  readonly addressesForTheHouse?: Output<string>[];
}

interface RegisteredAddress {
  readonly allocationId: Output<string>;
  readonly publicIp: Output<string>;
}

/**
 * The source addresses that the House has on its list. The resources are the same for one parent and for several, so a
 * change between the two keeps the addresses. A tag tells parents whether a parent or a NAT gateway has to hold the first address.
 */
export class Addresses extends Part {
  /** The address that a single parent holds. */
  readonly first: RegisteredAddress;
  readonly #all: readonly RegisteredAddress[];

  constructor(name: string, { count, heldBy, keep, adopted }: AddressesArgs, options: ComponentResourceOptions) {
    super('Addresses', name, options);
    const address = (index: number): RegisteredAddress => {
      const part = index === 0 ? name : `${name}-${String(index + 1)}`;
      const own = adopted[index];
      if (own === undefined)
        return new Eip(
          part,
          { domain: 'vpc', tags: { Name: part, [HELD_BY_TAG]: heldBy } },
          this.child({ protect: keep }),
        );
      // The stack sets only this tag on an address that the operator owns.
      const tag = new Tag(part, { resourceId: own.allocationId, key: HELD_BY_TAG, value: heldBy }, this.child());
      return { allocationId: tag.resourceId, publicIp: output(own.publicIp) };
    };
    this.first = address(0);
    this.#all = count === 1 ? [this.first] : [this.first, address(1)];
    this.registerOutputs({});
  }

  /** Returns the allocation ids for NAT gateways, which resolve after the parents have released the addresses. */
  released(): Output<string>[] {
    return this.#all.map(({ allocationId }) => releasedByParents(allocationId, { parent: this }));
  }

  get outputs(): AddressOutputs {
    return forTheHouse(this.#all.map(({ publicIp }) => publicIp));
  }
}

/** The outputs that name the addresses for the House's list. */
export function forTheHouse(publicIps: readonly Output<string>[]): AddressOutputs {
  const [first, ...more] = publicIps;
  if (first === undefined) throw new Error('a stack needs at least one address');
  return { addressForTheHouse: first, ...(more.length > 0 && { addressesForTheHouse: [first, ...more] }) };
}

export interface DnsArgs {
  zoneId: Input<string>;
  domain: string;
  target: { address: Input<string> } | { balancer: { dnsName: Input<string>; zoneId: Input<string> } };
}

/** The DNS record of the service's name. */
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
