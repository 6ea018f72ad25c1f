import { STACK_TAG } from '@communique-tee/key-policies';
import * as z from 'zod';
import { awsCommand } from '../aws/command';
import { cliErrorCode, explainCli } from '../aws/cli-error';
import { fail, notYet, pass, skip, warn, type Check, type Context, type Finding } from '../check';

/**
 * The stack's budget filters AWS's bill by a tag. AWS writes a tag into the bill only after it was activated as a cost allocation tag (AWS
 * Billing User Guide, "Activating user-defined cost allocation tags"); until then the budget reads 0 dollars. Uses the operator's AWS CLI
 * and no SDK, because no other check needs Cost Explorer.
 */
export const costTag: Check = {
  name: 'cost-tag',
  title: `the tag ${STACK_TAG} is an active cost allocation tag: without it, the budget reads 0 dollars and never warns`,
  group: 'aws',
  network: true,
  needs: ['plan', 'account'],
  async run(context) {
    const { budget } = await context.plan();
    if (!budget) return skip('the stack has no budget (monthlyBudgetUsd)');
    const { code, stdout, stderr } = await context.ports.runProgram('aws', LIST, { signal: context.signal });
    if (code === undefined)
      return warn('not checked: the AWS CLI does not run', 'install the AWS CLI, and run this again');
    return code === 0 ? judge(context, stdout) : explain(stderr);
  },
};

/** Cost Explorer has one endpoint, in this region, for all regions. */
const REGION = 'us-east-1';
const LIST = ['ce', 'list-cost-allocation-tags', '--region', REGION, '--tag-keys', STACK_TAG, '--output', 'json'];
const ACTIVATE = awsCommand(
  REGION,
  'ce update-cost-allocation-tags-status',
  '--cost-allocation-tags-status',
  `TagKey=${STACK_TAG},Status=Active`,
);

const answerSchema = z.object({
  CostAllocationTags: z.array(z.object({ TagKey: z.string(), Status: z.enum(['Active', 'Inactive']) })),
});

function judge(context: Context, stdout: string): Finding {
  const answer = answerSchema.safeParse(parseJson(stdout));
  if (!answer.success) return fail('the AWS CLI gave an unexpected answer', 'run this again');
  const tag = answer.data.CostAllocationTags.find(({ TagKey: key }) => key === STACK_TAG);
  if (tag?.Status === 'Active') return pass(`${STACK_TAG} is active`);
  const takes = 'AWS takes up to 24 hours, and counts from then on';
  return tag === undefined
    ? notYet(
        context,
        `AWS does not know the tag ${STACK_TAG} yet, so the budget reads 0 dollars`,
        `AWS knows it up to 24 hours after pulumi up made the first resource; then activate it: ${takes}`,
        ACTIVATE,
      )
    : notYet(
        context,
        `the tag ${STACK_TAG} is not active, so the budget reads 0 dollars`,
        `activate it: ${takes}`,
        ACTIVATE,
      );
}

/** Why the AWS CLI failed, read from its error text. */
function explain(stderr: string): Finding {
  if (cliErrorCode(stderr) === 'AccessDeniedException')
    return warn(
      'not allowed to look at cost allocation tags; in an organization, only the management account is allowed to',
      'sign in to the management account (ce:ListCostAllocationTags, ce:UpdateCostAllocationTagsStatus) and activate the tag there',
      ACTIVATE,
    );
  return explainCli(stderr, 'Cost Explorer', 'ce:ListCostAllocationTags');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
