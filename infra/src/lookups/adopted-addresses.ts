import { getElasticIp } from '@pulumi/aws/ec2/getElasticIp.js';
import type { InvokeOptions } from '@pulumi/pulumi';
import type { AddressSettings } from '../config/address-only';
import { answered } from './answered';

/** An Elastic IP of the operator. */
export interface AdoptedAddress {
  readonly allocationId: string;
  readonly publicIp: string;
}

/** @throws ConfigError if an address is not in the account and region */
export function lookUpAddresses(
  { stack, region, addresses }: Pick<AddressSettings, 'stack' | 'region' | 'addresses'>,
  options: InvokeOptions,
): Promise<AdoptedAddress[]> {
  return Promise.all(
    addresses.map(async (allocationId) => {
      const { publicIp } = await answered(
        stack,
        getElasticIp({ id: allocationId }, options),
        `addresses ${allocationId}: no such address can be read in ${region}; take the allocation id from \`aws ec2 describe-addresses\`, and allow ec2:DescribeAddresses`,
      );
      return { allocationId, publicIp };
    }),
  );
}
