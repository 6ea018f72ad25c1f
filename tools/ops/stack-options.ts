import type { Command } from 'commander';
import { collect } from '@communique-tee/command-line';

/** Adds the options that name a stack and change its configuration. */
export function stackOptions(command: Command): Command {
  return command
    .option('--stack <stack>', 'dev, staging or prod', 'dev')
    .option('--config <key=value>', 'replaces a value of Pulumi.<stack>.yaml; may be repeated', collect);
}
