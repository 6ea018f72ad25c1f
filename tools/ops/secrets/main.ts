import { KMSClient } from '@aws-sdk/client-kms';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { runCommand } from './run-command';

process.exitCode = await runCommand(process.argv.slice(2), {
  kms: (region) => new KMSClient({ region }),
  secretsManager: (region) => new SecretsManagerClient({ region }),
  input: process.stdin,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  environment: process.env,
});
// A terminal or a pipe would keep this process alive; a file has no such thing
(process.stdin as { unref?: () => void }).unref?.();
