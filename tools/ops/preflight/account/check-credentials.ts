import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { explainAws } from '../aws/explain';
import { fail, pass, Unavailable, warn, type Check, type Context, type Finding } from '../check';
import type { Account } from '../aws/account';
import { listOf } from '../plan/stack-file';
import { TimeLimitError } from '../runner/time-limit';

/** Checks the identity that would run `pulumi up`, and that the stack's and the enclave's configuration name its account. */
export const credentials: Check = {
  name: 'aws-credentials',
  title:
    'AWS credentials work (STS GetCallerIdentity), are of the account that configuration and image name, and may change the keys later',
  group: 'aws',
  network: true,
  async run(context) {
    const { region } = context.stackFile;
    if (region === undefined)
      return fail('the stack names no region', `put aws:region into Pulumi.${context.stack}.yaml`);
    let account: Account;
    try {
      account = await context.account();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      if (error.cause instanceof TimeLimitError) throw error.cause;
      return explainAws(error.cause, 'sts:GetCallerIdentity');
    }
    return [
      pass(`${account.arn} in ${region}`),
      ...(await namedElsewhere(context, account)),
      ...administrators(context, account),
    ];
  },
};

/** Reports each ARN of another account or region in the stack's and the enclave's configuration. */
async function namedElsewhere({ ports, stack, stackFile }: Context, { accountId }: Account): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const key of ['keyAdministrators', 'secretOperators']) {
    const others = listOf(stackFile, key).filter((arn) => !arn.includes(`:${accountId}:`));
    if (others.length > 0)
      findings.push(
        warn(
          `${key} names ${others.join(', ')}, which is not of account ${accountId}`,
          'check that these are the right credentials, and the right ARNs',
        ),
      );
  }
  const file = join('apps', 'enclave', 'config', `${stack}.json`);
  const text = await readFile(join(ports.root, file), 'utf8').catch(() => '');
  for (const [arn, region, account] of text.matchAll(
    /arn:aws[a-z-]*:kms:([a-z0-9-]+):(\d{12}):(?:alias|key)\/[\w/-]+/g,
  )) {
    if (account !== accountId || region !== stackFile.region)
      findings.push(
        fail(
          `the enclave’s configuration names ${arn}, and this is account ${accountId} in ${stackFile.region ?? ''}`,
          `sign in to the other account, or change ${file} and build the image again`,
        ),
      );
  }
  return findings;
}

function administrators({ stackFile }: Context, { arn }: Account): Finding[] {
  const named = listOf(stackFile, 'keyAdministrators');
  if (named.length === 0 || named.includes(iamArnOf(arn))) return [];
  // The ARN of a session omits the path of its role.
  const role = iamArnOf(arn).split('/').at(-1) ?? '';
  if (named.some((one) => one.split('/').at(-1) === role)) return [];
  return [
    fail(
      'you are not among keyAdministrators, and only those may change the keys’ policies',
      'sign in as one of them, or add this role',
    ),
  ];
}

/** The ARN of a session's role: `arn:aws:iam::1:role/name` for `arn:aws:sts::1:assumed-role/name/session`. */
export const iamArnOf = (arn: string): string =>
  arn.replace(/^(arn:aws[a-z-]*):sts::(\d{12}):assumed-role\/([^/]+)\/.*$/, '$1:iam::$2:role/$3');
