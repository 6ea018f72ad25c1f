import { SECRET_NAME } from '@communique-tee/protocol';
import { parseArgs } from 'node:util';

export const USAGE = `What only the enclave may know: encrypts a secret so that nobody but an attested enclave of the stack can read it.

  npm run secrets -- put --stack <stack> <name>        encrypts the value and stores the ciphertext where the parent fetches it
  npm run secrets -- encrypt --stack <stack> <name>    only prints the ciphertext, in base64

  --stack <stack>      as in Pulumi.<stack>.yaml, and in the image's configuration
  --region <region>    default: AWS_REGION, AWS_DEFAULT_REGION
  --help

The value is read from standard input (one line; on a terminal it is asked for and not shown), never from the command line, where other
users of the machine could read it:

  npm run secrets -- put --stack prod --region us-east-1 cwc-house < key.txt

<name> is what the image's configuration calls it: "apiKeySecret": "cwc-house". It is encrypted under alias/communique-tee-<stack>-operator
with the stack and the name as encryption context, so that no two secrets can be swapped. You must be among the stack's secretOperators.
A running enclave takes the new value within ten minutes of it being stored.

Exit code 0: done. 1: it could not be done, and why. 2: wrong arguments.
`;

export interface Command {
  readonly action: 'put' | 'encrypt';
  readonly stack: string;
  readonly name: string;
  readonly region: string;
}

const STACK = /^[a-z0-9-]{1,32}$/;

/** @returns null where help is asked for. @throws Error with what is wrong */
export function parseCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Command | null {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { stack: { type: 'string' }, region: { type: 'string' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) return null;
  const [action, name, ...more] = positionals;
  if (action !== 'put' && action !== 'encrypt') throw new Error('put or encrypt?');
  if (name === undefined || !SECRET_NAME.test(name))
    throw new Error('the name is lower-case letters, digits and hyphens, like cwc-house');
  if (more.length > 0) throw new Error('the value is read from standard input, never from the command line');
  if (values.stack === undefined || !STACK.test(values.stack))
    throw new Error('--stack is required, like --stack prod');
  const region = values.region ?? environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'];
  if (region === undefined || !/^[a-z]{2}(?:-[a-z]+)+-[0-9]$/.test(region))
    throw new Error('--region is required, like --region us-east-1');
  return { action, stack: values.stack, name, region };
}
