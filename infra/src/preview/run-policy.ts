import { resolve } from 'node:path';
import { ConfigError } from '../config/config-error';
import { parseSettings } from '../config/parse-settings';
import { operatorOf, publishedPolicy } from '../operator';
import type { StackOptions, Streams } from './options';
import { stackConfig } from './stack-config';

export interface PolicyOptions extends Omit<StackOptions, 'json'> {
  /** The AWS account, 12 digits. */
  readonly account: string;
}

/**
 * Prints the policy that an operator publishes: the accepted images under the operator's role, with name and origin. It is the same as
 * the output `policy` of `pulumi up`.
 * @returns the exit code: 0 printed, 1 the configuration cannot work, 2 wrong arguments
 */
export function runPolicy({ stack, config, account }: PolicyOptions, streams: Streams, root = resolve('.')): number {
  let values;
  try {
    if (!/^\d{12}$/.test(account)) throw new Error('--account: the 12 digits of the AWS account');
    ({ values } = stackConfig(root, stack, config));
  } catch (error) {
    streams.err(`${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
  try {
    const settings = parseSettings(stack, values, { root, previewing: true });
    const operator = operatorOf(settings, { partition: partitionOf(settings.region), accountId: account });
    streams.out(`${JSON.stringify(publishedPolicy(settings.acceptedImages, operator), undefined, 2)}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    streams.err(`${error.message}\n`);
    return 1;
  }
}

/** The partition of AWS to which a region belongs, as ARNs name it. */
function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}
