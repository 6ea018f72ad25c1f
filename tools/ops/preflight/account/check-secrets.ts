import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  type DescribeSecretCommandOutput,
} from '@aws-sdk/client-secrets-manager';
import { awsCommand, restoreSecret } from '../aws/command';
import { awsCode, explainAws } from '../aws/explain';
import { fail, notYet, pass, warn, type Check, type Context, type Finding } from '../check';
import { judgeCiphertext } from './ciphertext';
import { judgeStoreUrl } from './store-url';

/** Checks the secrets that the parent fetches at its start. */
export const secrets: Check = {
  name: 'secrets',
  title:
    'the stack’s secrets have values: the enclave’s are ciphertext and never the key itself, the gateway’s are URLs with TLS',
  group: 'aws',
  network: true,
  needs: ['plan', 'account'],
  async run(context) {
    const plan = await context.plan();
    const looks = plan.secrets.map((name) => look(context, name));
    const ownedByRds =
      plan.database === 'managed' ? [pass('PostgreSQL’s password: made and kept by RDS, under a name of its own')] : [];
    if (plan.databaseUrlSecret !== undefined) looks.push(lookAtOwn(context, plan.databaseUrlSecret));
    return [...(await Promise.all(looks)), ...ownedByRds];
  },
};

/** Checks the secret in which the operator keeps the URL of an external database. */
async function lookAtOwn(context: Context, arn: string): Promise<Finding> {
  let described: DescribeSecretCommandOutput;
  try {
    described = await context
      .aws()
      .secrets.send(new DescribeSecretCommand({ SecretId: arn }), { abortSignal: context.signal });
  } catch (error) {
    return awsCode(error) === 'ResourceNotFoundException'
      ? fail(`databaseUrlSecret ${arn} does not exist`, 'create it, or correct databaseUrlSecret')
      : named(arn, explainAws(error, 'secretsmanager:DescribeSecret'));
  }
  const { KmsKeyId: key } = described;
  if (key !== undefined && !key.endsWith('alias/aws/secretsmanager'))
    return warn(
      `${arn} is encrypted under a key of yours, ${key}; whether the parents may decrypt with it was not checked`,
      `the key’s policy has to allow kms:Decrypt to the role communique-tee-${context.stack}-parent`,
    );
  return look(context, arn);
}

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
        isRedisToken(name) ? 'pulumi up makes it, with its value' : 'pulumi up makes it; then store its value',
      );
    return named(name, explainAws(error, 'secretsmanager:DescribeSecret'));
  }
  if (described.DeletedDate !== undefined)
    return fail(
      `${name} is waiting to be deleted, and its name stays taken until then`,
      'restore it',
      restoreSecret(context.region, name),
    );
  const hasValue = Object.values(described.VersionIdsToStages ?? {}).some((stages) => stages.includes('AWSCURRENT'));
  if (!hasValue) return notYet(context, `${name} has no value yet`, ...howToStore(context, name));
  let value: string | undefined;
  try {
    ({ SecretString: value } = await client.send(new GetSecretValueCommand({ SecretId: name }), options));
  } catch (error) {
    const explained = explainAws(error, 'secretsmanager:GetSecretValue');
    return /^not allowed/.test(explained.found)
      ? pass(`${name} has a value (you may not read it, so its form was not checked)`)
      : named(name, explained);
  }
  context.redactor.add(value);
  context.redactor.addUrl(value ?? '');
  return name.includes('/enclave/')
    ? judgeEnclaveSecret(context, name, value)
    : judgeGatewaySecret(context, name, value);
}

const named = (name: string, finding: Finding): Finding => ({ ...finding, found: `${name}: ${finding.found}` });

function judgeEnclaveSecret(context: Context, name: string, value: string | undefined): Finding {
  if (value === undefined) return fail(`${name} holds bytes, and the parent reads text`, ...howToStore(context, name));
  switch (judgeCiphertext(value)) {
    case 'ciphertext':
      return pass(`${name} holds what looks like KMS ciphertext`);
    case 'not base64':
    case 'text in base64':
      return fail(
        `${name} holds readable text, not ciphertext: everyone with the right to read the secret has the key`,
        'treat the key as disclosed: ask the chamber for a new one, and store that (the command asks for the value and does not show it)',
        storeCommand(context, name),
      );
    case 'too short':
      return fail(`${name} holds less than the length of a KMS ciphertext`, ...howToStore(context, name));
    case 'unknown beginning':
      return warn(
        `${name} holds base64 that does not begin as KMS ciphertext does`,
        'if this project’s command did not store it, store it again (the command asks for the value and does not show it)',
        storeCommand(context, name),
      );
  }
}

function judgeGatewaySecret(context: Context, name: string, value: string | undefined): Finding {
  if (value === undefined || value.trim() !== value || value === '')
    return fail(`${name} is empty, not text, or has blanks around it`, ...howToStore(context, name));
  if (isRedisToken(name)) return pass(`${name} holds a password`);
  // `name` is the ARN of the operator's own secret, or the name of one of the stack's secrets
  const problem = judgeStoreUrl(name.endsWith('/redis-url') ? 'redis' : 'postgresql', value, false);
  return problem === undefined
    ? pass(`${name} holds a URL with TLS`)
    : fail(
        `${name}: ${problem.found}`,
        `${problem.todo}, and store it again (the command asks for the URL and does not show it)`,
        storeCommand(context, name),
      );
}

/** Whether this secret is the password of a managed Redis. The Pulumi program stores this password itself. */
const isRedisToken = (name: string): boolean => name.endsWith('/gateway/redis-token');

const howToStore = (context: Context, name: string): [todo: string, command: string] => [
  'store its value (the command asks for it and does not show it)',
  storeCommand(context, name),
];

/** Returns the command that stores a secret. The enclave's secrets need `ops secrets put`, which sets the encryption context. */
function storeCommand({ stack, region }: Context, name: string): string {
  const [, own] = /\/enclave\/([^/]+)$/.exec(name) ?? [];
  if (own !== undefined) return `npm run ops -- secrets put --stack ${stack} --region ${region} ${own}`;
  const put = awsCommand(
    region,
    'secretsmanager put-secret-value',
    ...['--secret-id', name, '--secret-string', 'file://<(printf %s "$URL")'],
  );
  // `read` keeps the value out of the shell's history, and `<(…)` out of the arguments, which other users of the machine can see
  return `IFS= read -rs URL && ${put}`;
}
