import * as z from 'zod';
import { awsCommand } from '../aws/command';
import { cliErrorCode, explainCli } from '../aws/cli-error';
import { fail, pass, skip, warn, type Check, type Context, type Finding } from '../check';
import { listOf } from '../plan/stack-file';

/**
 * The stack's file names roles and users for the policies of two KMS keys and of the registrar's bucket. KMS refuses a policy with a
 * principal that does not exist (KMS API Reference, PutKeyPolicy: MalformedPolicyDocumentException), and would do so in the middle of
 * `pulumi up`. This check uses the AWS CLI instead of the SDK, because no other check needs IAM.
 */
export const principals: Check = {
  name: 'key-principals',
  title:
    'every role and user in keyAdministrators, secretOperators and residencePublishers exists: AWS refuses a policy that names a missing one',
  group: 'aws',
  network: true,
  needs: ['account'],
  async run(context) {
    const { accountId } = await context.account();
    const named = new Set(
      ['keyAdministrators', 'secretOperators', 'residencePublishers'].flatMap((key) => listOf(context.stackFile, key)),
    );
    // Skip roles of other accounts, which only their account could confirm; aws-credentials warns about them.
    const arns = [...named].filter((arn) => arn.includes(`:${accountId}:`));
    if (arns.length === 0) return skip('the stack’s file names no role and no user of this account');
    return Promise.all(arns.map((arn) => look(context, arn)));
  },
};

const answerSchema = z.union([
  z.object({ Role: z.object({ Arn: z.string() }) }).transform(({ Role }) => Role.Arn),
  z.object({ User: z.object({ Arn: z.string() }) }).transform(({ User }) => User.Arn),
]);

/** Compares the whole ARN in IAM's answer, because IAM looks up only the name (the ARN's last part), and not the path. */
async function look({ ports, region, signal }: Context, arn: string): Promise<Finding> {
  const [, kind, name] =
    /^arn:aws[a-z-]*:iam::\d{12}:(role|user)\/(?:[A-Za-z0-9+=,.@_-]+\/)*([A-Za-z0-9+=,.@_-]+)$/.exec(arn) ?? [];
  if (kind === undefined || name === undefined)
    return fail(`${JSON.stringify(arn)} is not the ARN of an IAM role or user`, 'put the right ARN into the list');
  const { code, stdout, stderr } = await ports.runProgram(
    'aws',
    ['iam', `get-${kind}`, `--${kind}-name=${name}`, '--region', region, '--output', 'json'],
    { signal },
  );
  if (code === undefined)
    return warn(`${arn}: not checked, the AWS CLI does not run`, 'install the AWS CLI, and run this again');
  if (code !== 0) return explain(stderr, arn, kind);
  const answer = answerSchema.safeParse(parseJson(stdout));
  if (!answer.success) return fail(`${arn}: the AWS CLI gave an unexpected answer`, 'run this again');
  return answer.data === arn
    ? pass(`${arn} exists`)
    : fail(
        `${arn} does not exist: the ${kind} ${name} has another path`,
        'take the ARN that the AWS CLI prints',
        awsCommand(
          region,
          `iam get-${kind}`,
          `--${kind}-name`,
          name,
          '--query',
          kind === 'role' ? 'Role.Arn' : 'User.Arn',
        ),
      );
}

function explain(stderr: string, arn: string, kind: string): Finding {
  if (/^NoSuchEntity(Exception)?$/.test(cliErrorCode(stderr)))
    return fail(`${arn} does not exist`, `make the ${kind}, or take it out of the stack’s file`);
  const explained = explainCli(stderr, 'IAM', kind === 'role' ? 'iam:GetRole' : 'iam:GetUser');
  return {
    ...explained,
    // If looking is not allowed, the principal may still exist.
    status: explained.found.startsWith('not allowed') ? 'warn' : explained.status,
    found: `${arn}: ${explained.found}`,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
