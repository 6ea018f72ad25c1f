import { EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SECRET_NAME } from '@communique-tee/protocol';
import type { Command } from 'commander';
import { terminal, UsageError, type CommandLine, type Streams } from '@communique-tee/command-line';
import { readValue, type ValueSource } from './read-value';

interface Secret {
  readonly action: 'put' | 'encrypt';
  readonly stack: string;
  readonly name: string;
  readonly region: string;
}

export interface Ports extends Streams {
  kms: (region: string) => Pick<KMSClient, 'send'>;
  secretsManager: (region: string) => Pick<SecretsManagerClient, 'send'>;
  input: ValueSource;
  environment: Readonly<Record<string, string | undefined>>;
}

const thisProcess: Ports = {
  ...terminal,
  kms: (region) => new KMSClient({ region }),
  secretsManager: (region) => new SecretsManagerClient({ region }),
  input: process.stdin,
  environment: process.env,
};

interface Options {
  readonly stack?: string;
  readonly region?: string;
}

const STACK = /^[a-z0-9-]{1,32}$/;

const AFTER = `
The value is read from standard input (one line; on a terminal it is asked for and not shown), never from the command line,
where other users of the machine could read it:

  npm run ops -- secrets put --stack prod --region us-east-1 cwc-house < key.txt

<name> is what the image's configuration calls it: "apiKeySecret": "cwc-house". It is encrypted under
alias/communique-tee-<stack>-operator with the stack and the name as encryption context, so that no two secrets can be
swapped. You must be among the stack's secretOperators. A running enclave takes the new value within ten minutes of it being
stored.

Exit code
  0  done
  1  it could not be done, and why
  2  not understood: the arguments
`;

export function secrets(command: Command, line: CommandLine, ports: Ports = thisProcess): void {
  command
    .description('Encrypts a secret so that only an attested enclave of the stack can read it.')
    .helpCommand(false)
    .addHelpText('after', AFTER);
  for (const [action, does] of [
    ['put', 'encrypt the value and store the ciphertext where the parent fetches it'],
    ['encrypt', 'only print the ciphertext, in base64'],
  ] as const)
    command
      .command(action)
      .summary(does)
      .description(`Reads a value from standard input: ${does}.`)
      .argument('<name>', 'as the configuration of the image names it, like cwc-house')
      .option('--stack <stack>', 'as in Pulumi.<stack>.yaml, and in the configuration of the image')
      .option('--region <region>', 'default: AWS_REGION, AWS_DEFAULT_REGION')
      .addHelpText('after', AFTER)
      .action(line.run((name: string, options: Options) => execute(secretOf(action, name, options, ports), ports)));
}

/** @throws UsageError */
function secretOf(
  action: Secret['action'],
  name: string,
  { stack, region = '' }: Options,
  { environment }: Ports,
): Secret {
  if (!SECRET_NAME.test(name))
    throw new UsageError('the name is lower-case letters, digits and hyphens, like cwc-house');
  if (stack === undefined || !STACK.test(stack)) throw new UsageError('--stack is required, like --stack prod');
  const where = region || environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'] || '';
  if (!/^[a-z]{2}(?:-[a-z]+)+-[0-9]$/.test(where))
    throw new UsageError('--region is required, like --region us-east-1');
  return { action, stack, name, region: where };
}

async function execute(secret: Secret, ports: Ports): Promise<number> {
  try {
    await run(secret, ports);
    return 0;
  } catch (error) {
    ports.err(`${sentence(error, secret)}\n`);
    return 1;
  } finally {
    // A terminal or a pipe would keep this process alive; a file has no such thing.
    (ports.input as { unref?: () => void }).unref?.();
  }
}

async function run({ action, stack, name, region }: Secret, ports: Ports): Promise<void> {
  const value = await readValue(ports.input, ports.err);
  const KeyId = `alias/communique-tee-${stack}-operator`;
  const EncryptionContext = {
    'communique-tee:purpose': 'operator-secret',
    'communique-tee:stack': stack,
    'communique-tee:secret': name,
  };
  const encrypted = await ports
    .kms(region)
    .send(new EncryptCommand({ KeyId, Plaintext: Buffer.from(value), EncryptionContext }));
  if (encrypted.CiphertextBlob === undefined) throw new Error('KMS gave no ciphertext');
  const ciphertext = Buffer.from(encrypted.CiphertextBlob).toString('base64');
  ports.err(`encrypted under ${encrypted.KeyId ?? KeyId}\n`);
  if (action === 'encrypt') return ports.out(`${ciphertext}\n`);
  const SecretId = `communique-tee/${stack}/enclave/${name}`;
  const stored = await ports
    .secretsManager(region)
    .send(new PutSecretValueCommand({ SecretId, SecretString: ciphertext }));
  ports.out(`${SecretId}: stored as version ${stored.VersionId ?? '?'}\n`);
}

/** AWS's error names, each with what to do. Its messages are left out of what has none: they repeat what was sent. */
function sentence(error: unknown, { stack, name, region }: Secret): string {
  if (!(error instanceof Error)) return 'it failed';
  switch (error.name) {
    case 'AccessDeniedException':
      return `AWS denies it: your role must be among secretOperators of Pulumi.${stack}.yaml, and IAM must allow kms:Encrypt and secretsmanager:PutSecretValue`;
    case 'NotFoundException':
      return `there is no alias/communique-tee-${stack}-operator in ${region}: has pulumi up run, and is it the right account?`;
    case 'ResourceNotFoundException':
      return `there is no secret communique-tee/${stack}/enclave/${name}: name it in enclaveSecrets of Pulumi.${stack}.yaml and run pulumi up`;
    case 'CredentialsProviderError':
    case 'ExpiredTokenException':
    case 'UnrecognizedClientException':
      return `AWS does not know you (${error.name}): log in again, or set AWS_PROFILE`;
    case 'Error':
      return error.message;
    default:
      return `AWS answered ${error.name}`;
  }
}
