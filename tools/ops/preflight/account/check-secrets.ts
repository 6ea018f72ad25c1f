import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  type DescribeSecretCommandOutput,
} from '@aws-sdk/client-secrets-manager';
import { awsCode, explainAws } from '../aws/explain';
import { fail, notYet, pass, warn, type Check, type Context, type Finding } from '../check';
import { judgeCiphertext } from './ciphertext';
import { judgeStoreUrl } from './store-url';

/** What the parent fetches when it starts. */
export const secrets: Check = {
  name: 'secrets',
  title:
    'the stack’s secrets hold values: of the enclave ciphertext, never the key itself; of the gateway URLs with TLS',
  group: 'aws',
  network: true,
  needs: ['plan', 'account'],
  async run(context) {
    const plan = await context.plan();
    const looks = plan.secrets.map((name) => look(context, name));
    const ownedByRds =
      plan.database === 'managed' ? [pass('PostgreSQL’s password: made and kept by RDS, under a name of its own')] : [];
    return [...(await Promise.all(looks)), ...ownedByRds];
  },
};

async function look(context: Context, name: string): Promise<Finding> {
  const { secrets: client } = context.aws();
  const options = { abortSignal: context.signal };
  let described: DescribeSecretCommandOutput;
  try {
    described = await client.send(new DescribeSecretCommand({ SecretId: name }), options);
  } catch (error) {
    if (awsCode(error) === 'ResourceNotFoundException')
      return notYet(
        context,
        `${name} is not there yet`,
        `pulumi up makes it${isRedisOfStack(context, name) ? ', with its value' : `; then put the value: ${howToPut(context, name)}`}`,
      );
    return named(name, explainAws(error, 'secretsmanager:DescribeSecret'));
  }
  if (described.DeletedDate !== undefined)
    return fail(
      `${name} is waiting to be deleted, and its name cannot be taken meanwhile`,
      `aws secretsmanager restore-secret --secret-id ${name}`,
    );
  const hasValue = Object.values(described.VersionIdsToStages ?? {}).some((stages) => stages.includes('AWSCURRENT'));
  if (!hasValue) return notYet(context, `${name} has no value yet`, howToPut(context, name));
  let value: string | undefined;
  try {
    ({ SecretString: value } = await client.send(new GetSecretValueCommand({ SecretId: name }), options));
  } catch (error) {
    const explained = explainAws(error, 'secretsmanager:GetSecretValue');
    return /^not allowed/.test(explained.found)
      ? pass(`${name} has a value (who asks may not read it, so its form was not looked at)`)
      : named(name, explained);
  }
  context.redactor.add(value);
  context.redactor.addUrl(value ?? '');
  return name.includes('/enclave/') ? judgeEnclaveSecret(context, name, value) : judgeGatewaySecret(name, value);
}

const named = (name: string, { status, found, todo }: Finding): Finding => ({
  status,
  found: `${name}: ${found}`,
  ...(todo !== undefined && { todo }),
});

function judgeEnclaveSecret(context: Context, name: string, value: string | undefined): Finding {
  if (value === undefined) return fail(`${name} holds bytes, and the parent reads text`, howToPut(context, name));
  switch (judgeCiphertext(value)) {
    case 'ciphertext':
      return pass(`${name} holds what looks like KMS ciphertext`);
    case 'not base64':
    case 'text in base64':
      return fail(
        `${name} holds something readable, not ciphertext: whoever can read it, has it`,
        `take it for known: get a new key from who gave it, and ${howToPut(context, name)}`,
      );
    case 'too short':
      return fail(`${name} holds less than KMS ciphertext is long`, howToPut(context, name));
    case 'unknown beginning':
      return warn(
        `${name} holds base64 that does not begin as KMS ciphertext does`,
        `if it did not come from aws kms encrypt: ${howToPut(context, name)}`,
      );
  }
}

function judgeGatewaySecret(name: string, value: string | undefined): Finding {
  if (value === undefined || value.trim() !== value || value === '')
    return fail(`${name} is empty, not text, or has blanks around it`, 'put it again, without a line break at its end');
  const problem = judgeStoreUrl(name.endsWith('/database-url') ? 'postgresql' : 'redis', value, false);
  return problem === undefined ? pass(`${name} holds a URL with TLS`) : fail(`${name}: ${problem.found}`, problem.todo);
}

/** Written by the program itself (infra: Stores); an external one is the operator's. */
const isRedisOfStack = ({ stackFile }: Context, name: string): boolean =>
  name.endsWith('/gateway/redis-url') && stackFile.values.get('redis') !== 'external';

function howToPut({ stack, stackFile }: Context, name: string): string {
  const region = `--region ${stackFile.region ?? ''}`;
  if (name.includes('/enclave/')) {
    return `aws kms encrypt ${region} --key-id alias/communique-tee-${stack}-operator --plaintext fileb://<(printf %s "$KEY") --query CiphertextBlob --output text | aws secretsmanager put-secret-value ${region} --secret-id ${name} --secret-string file:///dev/stdin`;
  }
  return `aws secretsmanager put-secret-value ${region} --secret-id ${name} --secret-string file://<(printf %s "$URL")`;
}
