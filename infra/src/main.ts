import { getStack, RunError, runtime } from '@pulumi/pulumi';
import { ConfigError } from './config/config-error';
import { program } from './program';

/** Who moves the Auto Scaling group to a new launch template. `npm run deploy` sets COMMUNIQUE_ROLLOUT when it starts Pulumi. */
const rolloutBy = ({ COMMUNIQUE_ROLLOUT: by }: NodeJS.ProcessEnv): 'up' | 'deploy' =>
  by === 'deploy' ? 'deploy' : 'up';

/**
 * @param root the checkout
 * @returns the outputs of `pulumi up`
 * @throws RunError with all problems of the configuration, which Pulumi shows without a stack trace
 */
export async function main(root: string): Promise<Record<string, unknown>> {
  try {
    const options = { root, previewing: runtime.isDryRun() };
    return await program(getStack(), runtime.allConfig(), options, rolloutBy(process.env));
  } catch (error) {
    throw error instanceof ConfigError ? new RunError(error.message) : error;
  }
}
