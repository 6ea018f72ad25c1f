import { HeadBucketCommand } from '@aws-sdk/client-s3';
import { awsCode, explainAws, statusOf } from '../aws/explain';
import { fail, pass, type Check, type Context, type Finding } from '../check';

/** Checks that the bucket names, which are shared by all of AWS, are free or ours. */
export const buckets: Check = {
  name: 'bucket-names',
  title: 'the names of the stack’s buckets are free, or the buckets are ours',
  group: 'aws',
  network: true,
  needs: ['plan', 'account'],
  async run(context) {
    const [plan, { accountId }] = await Promise.all([context.plan(), context.account()]);
    return Promise.all(plan.bucketsIn(accountId).map((bucket) => look(context, bucket, accountId)));
  },
};

async function look(context: Context, bucket: string, accountId: string): Promise<Finding> {
  try {
    await context.aws().s3.send(new HeadBucketCommand({ Bucket: bucket, ExpectedBucketOwner: accountId }), {
      abortSignal: context.signal,
    });
    return pass(`${bucket} is ours`);
  } catch (error) {
    const status = statusOf(error);
    if (status === 404) return pass(`${bucket} is free`);
    if (status === 301 || awsCode(error) === 'PermanentRedirect')
      return fail(`${bucket} is in another region`, 'find out who created it there; pulumi up cannot take it over');
    // The answer to HEAD has no body, so a bucket of another account and a missing right look the same.
    if (status === 403)
      return fail(
        `${bucket} belongs to another account, or you lack the right s3:ListBucket`,
        'sign in with that right; if it is still refused, the name is taken and another stack name is needed',
      );
    return explainAws(error, 's3:ListBucket');
  }
}
