import { Provider } from '@pulumi/aws/provider.js';
import { createAddressStack } from './address-stack';
import { parseAddressOnly, type AddressSettings } from './config/address-only';
import { parseSettings, type ParseOptions } from './config/parse-settings';
import { lookUp } from './lookups';
import { lookUpAddresses } from './lookups/adopted-addresses';
import { stackTags } from './names';
import { createStack } from './stack';

/**
 * The whole program, for `pulumi up`, preview and tests.
 * @param values Pulumi's configuration by `<namespace>:<key>`
 * @throws ConfigError before anything is created
 */
export async function program(
  stack: string,
  values: Readonly<Record<string, string>>,
  options: ParseOptions,
  rollout: 'up' | 'deploy' = 'up',
): Promise<Record<string, unknown>> {
  const addressOnly = parseAddressOnly(stack, values);
  if (addressOnly !== undefined) {
    const provider = providerOf(addressOnly);
    return createAddressStack(addressOnly, await lookUpAddresses(addressOnly, { provider }), { provider });
  }
  const settings = parseSettings(stack, values, options);
  const provider = providerOf(settings);
  return createStack(settings, await lookUp(settings, provider, options.previewing), { provider }, rollout);
}

const providerOf = ({ stack, region, production }: AddressSettings): Provider =>
  new Provider(`communique-tee-${stack}`, { region, defaultTags: { tags: stackTags(stack, production) } });
