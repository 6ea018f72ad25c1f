import type { ComponentResourceOptions } from '@pulumi/pulumi';
import { Addresses } from './components/address';
import type { AddressSettings } from './config/address-only';
import type { AdoptedAddress } from './lookups/adopted-addresses';
import { nameOf } from './names';

/**
 * Makes only the registered addresses. They have the same names as in the whole stack, so that it takes them over later.
 * They are protected outside production too, because the stack contains nothing else.
 * @returns the outputs of `pulumi up`
 */
export function createAddressStack(
  { stack, production, natPerZone }: AddressSettings,
  adopted: readonly AdoptedAddress[],
  options: ComponentResourceOptions,
): Record<string, unknown> {
  const addresses = new Addresses(
    nameOf(stack, 'address'),
    { count: natPerZone ? 2 : 1, heldBy: 'parent', keep: true, adopted },
    options,
  );
  return {
    ...addresses.outputs,
    next: `register it with the House; then fill in Pulumi.${stack}.yaml, remove addressOnly, and run \`pulumi up\`: the address stays${production ? '' : ' until `pulumi destroy`'}`,
  };
}
