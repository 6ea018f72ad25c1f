import { restoreSecret } from '../preflight/aws/command';
import { awsCode, explainAws, statusOf } from '../preflight/aws/explain';
import { messageOf } from '../preflight/error-code';
import { TimeLimitError } from '../preflight/runner/time-limit';

export type Action = 'kms:Encrypt' | 'secretsmanager:PutSecretValue';

interface Secret {
  readonly stack: string;
  readonly name: string;
  readonly region: string;
}

/** Returns what went wrong, whether anything was stored, and what to do next. It omits AWS's texts, which can repeat what was sent. */
export function explainFailure(error: unknown, action: Action, { stack, name, region }: Secret): string {
  const happened = mayBeStored(error, action) ? 'the value may or may not have been stored' : 'nothing was stored';
  const alias = `alias/communique-tee-${stack}-operator`;
  const id = `communique-tee/${stack}/enclave/${name}`;
  if (error instanceof TimeLimitError)
    return `${action === 'kms:Encrypt' ? 'KMS' : 'Secrets Manager'} did not answer within ${String(error.limitMs / 1000)} s; ${happened}. Run this again; --timeout <seconds> waits longer`;
  switch (awsCode(error)) {
    case 'AccessDeniedException':
      return `AWS denies ${action}; ${happened}. Your role must be among secretOperators of Pulumi.${stack}.yaml, and IAM must allow kms:Encrypt and secretsmanager:PutSecretValue`;
    case 'NotFoundException':
      return `there is no ${alias} in ${region}; ${happened}. Has pulumi up run, and is it the right account?`;
    case 'DisabledException':
    case 'KMSInvalidStateException':
      return `${alias} cannot be used now; ${happened}. This tells why: npm run ops -- preflight --stack ${stack} --only kms-keys`;
    case 'ResourceNotFoundException':
      return `there is no secret ${id} in ${region}; ${happened}. Name it in enclaveSecrets of Pulumi.${stack}.yaml and run pulumi up`;
    case 'InvalidRequestException':
      // AWS has only a general error code for a secret that waits to be deleted.
      if (/marked for deletion|marked deleted|scheduled for deletion/.test(messageOf(error)))
        return `${id} is waiting to be deleted; ${happened}. Restore it, then run secrets put again. To restore it: ${restoreSecret(region, id)}`;
  }
  const { found, todo = 'run this again', command } = explainAws(error, action);
  return `${found}; ${happened}. To do: ${todo}${command === undefined ? '' : `: ${command}`}`;
}

/** Whether Secrets Manager may have stored the value although no success was reported. */
const mayBeStored = (error: unknown, action: Action): boolean =>
  action === 'secretsmanager:PutSecretValue' && (error instanceof TimeLimitError || (statusOf(error) ?? 500) >= 500);
