import { Provider } from '@pulumi/aws/provider.js';
import { parseSettings, type ParseOptions } from './config/parse-settings';
import { lookUp } from './lookups';
import { stackTags } from './names';
import { createStack } from './stack';

/**
 * The whole program, for `pulumi up`, preview and tests alike.
 * @param values Pulumi's configuration, `<namespace>:<key>` to text
 * @throws ConfigError before anything is created
 */
export async function program(
  stack: string,
  values: Readonly<Record<string, string>>,
  options: ParseOptions,
  rollout: 'up' | 'deploy' = 'up',
): Promise<Record<string, unknown>> {
  const settings = parseSettings(stack, values, options);
  const provider = new Provider(`communique-tee-${stack}`, {
    region: settings.region,
    defaultTags: { tags: stackTags(stack, settings.production) },
  });
  return createStack(settings, await lookUp(settings, provider), { provider }, rollout);
}
