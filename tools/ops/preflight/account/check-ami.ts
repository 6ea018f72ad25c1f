import { DescribeImagesCommand } from '@aws-sdk/client-ec2';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import { awsCode, explainAws } from '../aws/explain';
import { fail, pass, warn, type Check, type Context, type Finding } from '../check';

/** The parameter with Amazon's newest AMI, as in infra/src/instances/instance-types.ts. */
const AMAZON_LINUX = (architecture: string): string =>
  `/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${architecture}`;

export const ami: Check = {
  name: 'ami',
  title: 'the parent’s AMI exists, is Amazon’s or yours, and of the right architecture',
  group: 'aws',
  network: true,
  needs: ['plan', 'account'],
  async run(context) {
    const { architecture } = await context.plan();
    const configured = context.stackFile.values.get('amiId');
    try {
      const id = configured ?? (await newest(context, architecture));
      if (id === undefined) return fail(`Amazon names no Amazon Linux 2023 for ${architecture} here`, 'give amiId');
      return await look(context, id, architecture, configured);
    } catch (error) {
      if (/^InvalidAMIID/.test(awsCode(error)))
        return fail(
          `there is no ${configured ?? 'such AMI'} in this region`,
          'remove amiId, or give one of this region',
          ...without(context, configured),
        );
      return explainAws(error, 'ssm:GetParameter and ec2:DescribeImages');
    }
  },
};

async function newest(context: Context, architecture: string): Promise<string | undefined> {
  try {
    const { Parameter: parameter } = await context
      .aws()
      .ssm.send(new GetParameterCommand({ Name: AMAZON_LINUX(architecture) }), { abortSignal: context.signal });
    return /^ami-[0-9a-f]{8,17}$/.exec(parameter?.Value ?? '')?.[0];
  } catch (error) {
    if (awsCode(error) === 'ParameterNotFound') return undefined;
    throw error;
  }
}

/** Returns the command that removes amiId, if the stack's file sets amiId. */
const without = ({ stack }: Context, configured: string | undefined): string[] =>
  configured === undefined ? [] : [`pulumi config rm amiId --stack ${stack}`];

async function look(
  context: Context,
  id: string,
  architecture: string,
  configured: string | undefined,
): Promise<Finding> {
  const { Images: images = [] } = await context
    .aws()
    .ec2.send(new DescribeImagesCommand({ ImageIds: [id], IncludeDeprecated: true }), { abortSignal: context.signal });
  const [found] = images;
  const todo = ['remove amiId, or give another', ...without(context, configured)] as const;
  if (found === undefined) return fail(`there is no ${id} in this region`, ...todo);
  if (found.State !== 'available') return fail(`${id} is not available`, ...todo);
  if (found.Architecture !== architecture)
    return fail(`${id} is of another architecture than the instance (${architecture})`, ...todo);
  const { accountId } = await context.account();
  if (found.ImageOwnerAlias !== 'amazon' && found.OwnerId !== accountId)
    return warn(
      `${id} belongs to ${found.OwnerId ?? 'another account'}, neither Amazon nor this one`,
      'the maker of the parent’s image can read all traffic through the parent; use Amazon’s unless you chose this one on purpose',
      ...without(context, configured),
    );
  const ends = Date.parse(found.DeprecationTime ?? '');
  if (ends < context.ports.nowMs())
    return warn(
      `${id} is deprecated by its owner`,
      'use a newer amiId, or remove it to use Amazon’s newest',
      ...without(context, configured),
    );
  return pass(`${id}, ${architecture}${configured === undefined ? ', Amazon’s newest' : ''}`);
}
