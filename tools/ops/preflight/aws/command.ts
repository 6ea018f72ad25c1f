/**
 * Returns an AWS CLI command for a hint. It names the stack's region, because the operator's profile may name another. Every AWS CLI
 * command in a hint comes from this function.
 * @param action e.g. `kms enable-key`
 * @param args as typed in bash, with quotes where bash needs them
 */
export const awsCommand = (region: string, action: string, ...args: readonly string[]): string =>
  ['aws', action, '--region', region, ...args].join(' ');

/** Returns the command that restores a secret that is scheduled for deletion. */
export const restoreSecret = (region: string, name: string): string =>
  awsCommand(region, 'secretsmanager restore-secret', '--secret-id', name);
