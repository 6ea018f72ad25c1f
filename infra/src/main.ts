import { getStack, RunError, runtime } from '@pulumi/pulumi';
import { ConfigError } from './config/config-error';
import { program } from './program';

/** `npm run deploy` sets it for the Pulumi that it starts. */
const rolloutBy = ({ COMMUNIQUE_ROLLOUT: by }: NodeJS.ProcessEnv): 'up' | 'deploy' =>
  by === 'deploy' ? 'deploy' : 'up';

/**
 * @param root the checkout
 * @returns the outputs of `pulumi up`
 * @throws RunError, which Pulumi shows without a stack, with everything that is wrong with the configuration
 */
export async function main(root: string): Promise<Record<string, unknown>> {
  try {
    const options = { root, previewing: runtime.isDryRun() };
    return await program(getStack(), runtime.allConfig(), options, rolloutBy(process.env));
  } catch (error) {
    throw error instanceof ConfigError ? new RunError(error.message) : error;
  }
}
