import { EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SECRET_NAME } from '@communique-tee/protocol';
import { workspaceRoot } from '@communique-tee/testing/harness';
import type { Command } from 'commander';
import { terminal, UsageError, type CommandLine, type Streams } from '@communique-tee/command-line';
import { isStack, readStackFile } from '../preflight/plan/stack-file';
import { startTimer } from '../preflight/ports';
import { within } from '../preflight/runner/time-limit';
import { limitOf, TIMEOUT_SECONDS } from '../time-limit-option';
import { explainFailure, type Action } from './explain-failure';
import { readValue, type ValueSource } from './read-value';

export interface Secret {
  readonly action: 'put' | 'encrypt';
  readonly stack: string;
  readonly name: string;
  readonly region: string;
  /** Time limit of each request to AWS. */
  readonly limitMs: number;
}

/** Thrown to end the command, with a message for the operator that contains no secret. */
class Failed extends Error {}

export interface Ports extends Streams {
  kms: (region: string) => Pick<KMSClient, 'send'>;
  secretsManager: (region: string) => Pick<SecretsManagerClient, 'send'>;
  input: ValueSource;
  environment: Readonly<Record<string, string | undefined>>;
  /** The path of the checkout, which has Pulumi.<stack>.yaml. */
  root: string;
  profileRegion: () => Promise<string | undefined>;
}

const thisProcess: Ports = {
  ...terminal,
  kms: (region) => new KMSClient({ region, maxAttempts: 2 }),
  secretsManager: (region) => new SecretsManagerClient({ region, maxAttempts: 2 }),
  input: process.stdin,
  environment: process.env,
  root: workspaceRoot(),
  profileRegion: () => new KMSClient({}).config.region().catch(() => undefined),
};

interface Options {
  readonly stack?: string;
  readonly region?: string;
  readonly timeout: string;
}

const STACK = /^[a-z0-9-]{1,32}$/;

const AFTER = `
The value is read from standard input (one line; on a terminal it is asked for and not shown), never from the command line,
where other users of the machine could read it:

  npm run ops -- secrets put --stack prod --region us-east-1 cwc-house < key.txt

<name> is the secret's name in the configuration of the image: "apiKeySecret": "cwc-house". The value is encrypted
under alias/communique-tee-<stack>-operator. Its encryption context names the stack and the secret, so that no two secrets
can be swapped. You must be among the stack's secretOperators. A running enclave takes the new value within ten minutes
after you store it.

Exit code
  0  done
  1  not done; the error says why
  2  an argument was not understood: the error names it, and --help lists the arguments
`;

export function secrets(command: Command, line: CommandLine, ports: Ports = thisProcess): void {
  command
    .description('Encrypts a secret so that only an attested enclave of the stack can read it.')
    .helpCommand(false)
    .addHelpText('after', AFTER);
  for (const [action, does] of [
    ['put', 'encrypt the value and store the ciphertext where the parent fetches it'],
    ['encrypt', 'print only the ciphertext, in base64'],
  ] as const)
    command
      .command(action)
      .summary(does)
      .description(`Reads a value from standard input, to ${does}.`)
      .argument('<name>', 'the name in the configuration of the image, like cwc-house')
      .option('--stack <stack>', 'as in Pulumi.<stack>.yaml, and in the configuration of the image')
      .option(
        '--region <region>',
        'default: from Pulumi.<stack>.yaml, else AWS_REGION, else AWS_DEFAULT_REGION, else your AWS profile',
      )
      .option('--timeout <seconds>', 'the time limit of each request to AWS', String(TIMEOUT_SECONDS))
      .addHelpText('after', AFTER)
      .action(line.run((name: string, options: Options) => execute(secretOf(action, name, options, ports), ports)));
}

/** @throws UsageError */
async function secretOf(
  action: Secret['action'],
  name: string,
  { stack, region, timeout }: Options,
  ports: Ports,
): Promise<Secret> {
  if (!SECRET_NAME.test(name))
    throw new UsageError('the name is lower-case letters, digits and hyphens, like cwc-house');
  if (stack === undefined || !STACK.test(stack)) throw new UsageError('--stack is required, like --stack prod');
  const where = region ?? (await regionOf(stack, ports)) ?? '';
  if (!/^[a-z]{2}(?:-[a-z]+)+-[0-9]$/.test(where))
    throw new UsageError('no region is set: add it, like --region us-east-1');
  return { action, stack, name, region: where, limitMs: limitOf(timeout) };
}

/** Returns the region that Pulumi would use: from the stack's file, else from the environment, else from the AWS profile. */
async function regionOf(stack: string, { root, environment, profileRegion }: Ports): Promise<string | undefined> {
  const ofStack = isStack(root, stack) ? readStackFile(root, stack, [], () => undefined).region : undefined;
  return ofStack ?? environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'] ?? (await profileRegion());
}

async function execute(given: Promise<Secret>, ports: Ports): Promise<number> {
  const secret = await given;
  try {
    await run(secret, ports);
    return 0;
  } catch (error) {
    ports.err(`${error instanceof Failed ? error.message : 'it failed; nothing was stored'}\n`);
    return 1;
  } finally {
    // An open terminal or pipe would keep this process alive; a file has no unref.
    (ports.input as { unref?: () => void }).unref?.();
  }
}

async function run(secret: Secret, ports: Ports): Promise<void> {
  const { action, stack, name, region } = secret;
  const value = await readValue(ports.input, ports.err).catch((error: unknown) => {
    throw new Failed(error instanceof Error ? error.message : 'the value cannot be read');
  });
  const KeyId = `alias/communique-tee-${stack}-operator`;
  const EncryptionContext = {
    'communique-tee:purpose': 'operator-secret',
    'communique-tee:stack': stack,
    'communique-tee:secret': name,
  };
  const encrypted = await ask(secret, 'kms:Encrypt', (abortSignal) =>
    ports
      .kms(region)
      .send(new EncryptCommand({ KeyId, Plaintext: Buffer.from(value), EncryptionContext }), { abortSignal }),
  );
  if (encrypted.CiphertextBlob === undefined) throw new Failed('KMS gave no ciphertext; nothing was stored');
  const ciphertext = Buffer.from(encrypted.CiphertextBlob).toString('base64');
  ports.err(`encrypted under ${encrypted.KeyId ?? KeyId}\n`);
  if (action === 'encrypt') return ports.out(`${ciphertext}\n`);
  const SecretId = secretId(secret);
  const stored = await ask(secret, 'secretsmanager:PutSecretValue', (abortSignal) =>
    ports
      .secretsManager(region)
      .send(new PutSecretValueCommand({ SecretId, SecretString: ciphertext }), { abortSignal }),
  );
  ports.out(`${SecretId}: stored as version ${stored.VersionId ?? '?'}\n`);
}

/** @throws Failed */
async function ask<T>(secret: Secret, action: Action, question: (signal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await within(secret.limitMs, startTimer, question);
  } catch (error) {
    throw new Failed(explainFailure(error, action, secret));
  }
}

const secretId = ({ stack, name }: Secret): string => `communique-tee/${stack}/enclave/${name}`;
