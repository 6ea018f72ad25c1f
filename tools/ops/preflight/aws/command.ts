/**
 * A command of the AWS CLI for a hint, with the stack's region: the operator's profile may name another, and then the command would
 * look in the wrong place. Every such command in a hint comes from here.
 * @param action e.g. `kms enable-key`
 * @param args as they are typed, quoted if bash needs it
 */
export const awsCommand = (region: string, action: string, ...args: readonly string[]): string =>
  ['aws', action, '--region', region, ...args].join(' ');

/** Restores a secret that waits to be deleted. */
export const restoreSecret = (region: string, name: string): string =>
  awsCommand(region, 'secretsmanager restore-secret', '--secret-id', name);
