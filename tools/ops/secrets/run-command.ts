import { EncryptCommand, type KMSClient } from '@aws-sdk/client-kms';
import { PutSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { parseCommand, USAGE, type Command } from './arguments';
import { readValue, type ValueSource } from './read-value';

export interface Ports {
  kms: (region: string) => Pick<KMSClient, 'send'>;
  secretsManager: (region: string) => Pick<SecretsManagerClient, 'send'>;
  input: ValueSource;
  out: (text: string) => void;
  err: (text: string) => void;
  environment: Readonly<Record<string, string | undefined>>;
}

/** @returns the exit code */
export async function runCommand(args: readonly string[], ports: Ports): Promise<number> {
  let command: Command | null;
  try {
    command = parseCommand(args, ports.environment);
  } catch (error) {
    ports.err(`${error instanceof Error ? error.message : 'wrong arguments'}\n\n${USAGE}`);
    return 2;
  }
  if (command === null) {
    ports.out(USAGE);
    return 0;
  }
  try {
    await run(command, ports);
    return 0;
  } catch (error) {
    ports.err(`${sentence(error, command)}\n`);
    return 1;
  }
}

async function run({ action, stack, name, region }: Command, ports: Ports): Promise<void> {
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
function sentence(error: unknown, { stack, name, region }: Command): string {
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
