import { DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import { awsCommand } from '../aws/command';
import { explainAws } from '../aws/explain';
import { fail, notYet, pass, type Check } from '../check';

/** Checks that the instances are in service. An instance gets into service when its enclave is attested (launch hook). */
export const parent: Check = {
  name: 'parent',
  title: 'the stack’s instances are in service, or not made yet',
  group: 'aws',
  network: true,
  needs: ['plan', 'account'],
  async run(context) {
    const { instances: wanted } = await context.plan();
    const name = `communique-tee-${context.stack}-parent`;
    try {
      const { AutoScalingGroups: groups } = await context
        .aws()
        .groups.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] }), {
          abortSignal: context.signal,
        });
      // AWS sends the list even if it is empty
      if (!groups) throw new Error('no list of groups in the answer');
      const [group] = groups;
      if (group === undefined)
        return context.before === 'up'
          ? pass('not made yet, pulumi up will')
          : notYet(context, `there is no group ${name}`, 'pulumi up makes it');
      const serving = (group.Instances ?? []).filter(
        ({ LifecycleState: state, HealthStatus: health }) => state === 'InService' && health === 'Healthy',
      ).length;
      const text = `${String(serving)} of ${String(wanted)} in service`;
      return serving >= wanted
        ? pass(text)
        : fail(
            text,
            'an instance that is not in service has not attested its enclave yet (on it: journalctl -u communique-enclave); if the group has too few instances, this command shows why',
            awsCommand(context.region, 'autoscaling describe-scaling-activities', '--auto-scaling-group-name', name),
          );
    } catch (error) {
      return explainAws(error, 'autoscaling:DescribeAutoScalingGroups');
    }
  },
};
