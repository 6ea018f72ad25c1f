import * as z from 'zod';
import { readAnswer } from '../read-answer';
import { notReached, proved, refuted, type Step } from '../step';

const tagged = z.object({ ResourceTagMappingList: z.array(z.object({ ResourceARN: z.string() })) });
const groups = z.object({ logGroups: z.array(z.object({ logGroupName: z.string() })) });
/** What stays after the removal: AWS deletes KMS keys later, and the operator deletes snapshots (docs/operator/destroying.md). */
const STAYS = /^arn:[a-z-]+:(kms:[^:]*:\d*:key\/|ec2:[^:]*:\d*:snapshot\/)/;

/** Steps that remove everything, and check that nothing is left that costs money. */
export const removal: readonly Step[] = [
  {
    name: 'destroy',
    shows: 'one command removes everything',
    assumption:
      'Only a stand-in for AWS has shown that destroy ends an instance that waits in its launch hook, and releases the address.',
    command: 'pulumi destroy --refresh --yes --stack "$STACK"',
    expected: 'exit 0. If it stops at an address or a log group, run this again',
    changes: 'removes the stack with everything in it',
    stack: 'removes',
    shown: true,
    judge: ({ code }) => {
      if (code === 0) return proved('removed');
      return code === undefined || code > 128 || code === 127
        ? notReached('pulumi did not finish; run this again')
        : refuted('pulumi destroy failed; remove the remaining resources yourself');
    },
  },
  {
    name: 'nothing-left',
    shows: 'nothing is left of the stack that costs money',
    assumption: 'The list of what stays is taken from AWS’s documents.',
    command:
      'aws resourcegroupstaggingapi get-resources --tag-filters "Key=communique-tee:stack,Values=$STACK" --output json',
    expected: 'snapshots, and KMS keys awaiting deletion; nothing else. AWS lists deleted resources for some minutes',
    again: { everySeconds: 60, forMinutes: 10 },
    needs: ['ACCOUNT'],
    judge: (ended) =>
      readAnswer(ended, 'tag:GetResources', tagged, ({ ResourceTagMappingList: all }) => {
        const left = all.filter(({ ResourceARN: arn }) => !STAYS.test(arn));
        const stays = `${String(all.length - left.length)} keys and snapshots stay`;
        if (left.length === 0) return proved(stays);
        const services = new Set(
          left.map(({ ResourceARN: arn }) => /^arn:[a-z-]+:([a-z0-9-]{1,30}):/.exec(arn)?.[1] ?? 'unknown'),
        );
        return notReached(`${String(left.length)} other resources are listed, of ${[...services].sort().join(', ')}`);
      }),
  },
  {
    name: 'logs-gone',
    shows: 'no log group keeps a name that the next stack needs',
    assumption:
      'An agent or a service can write a last line after its log group was deleted, which makes the group again.',
    command: 'aws logs describe-log-groups --log-group-name-prefix "/communique-tee/$STACK/" --output json',
    expected: 'no group',
    needs: ['ACCOUNT'],
    judge: (ended) =>
      readAnswer(ended, 'logs:DescribeLogGroups', groups, ({ logGroups: left }) =>
        left.length === 0 ? proved('none') : refuted(`${String(left.length)} log groups are left; delete them by hand`),
      ),
  },
  {
    name: 'keys-end',
    shows: 'the keys wait for deletion, and cost nothing meanwhile',
    assumption: 'AWS’s documents say that the state is PendingDeletion after a destroy; AWS has not yet shown it.',
    command:
      'aws resourcegroupstaggingapi get-resources --resource-type-filters kms:key --tag-filters "Key=communique-tee:stack,Values=$STACK" --query "ResourceTagMappingList[].ResourceARN" --output text | xargs -r -n 1 aws kms describe-key --query KeyMetadata.KeyState --output text --key-id',
    expected: 'PendingDeletion for each key, or no output',
    needs: ['ACCOUNT'],
    judge: (ended) => {
      if (ended.code !== 0) return readAnswer(ended, 'kms:DescribeKey', z.never(), () => notReached('no answer'));
      const states = ended.stdout.split(/\s+/).filter((word) => word !== '');
      const kept = states.filter((state) => state !== 'PendingDeletion').length;
      return kept === 0 ? proved(`${String(states.length)} keys wait for deletion`) : refuted(`${String(kept)} do not`);
    },
  },
];
