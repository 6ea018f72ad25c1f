import { DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import type { Deployment } from '../deployment';

export interface ParentInstance {
  readonly id: string;
  /** Version of the launch template; undefined if AWS does not report it. */
  readonly version: string | undefined;
  /** The lifecycle state in AWS's words: `Pending:Wait` until the instance's enclave is attested, then `InService`. */
  readonly state: string;
}

export interface ParentGroup {
  /** Version of the group's launch template, which new instances get. */
  readonly version: string | undefined;
  readonly templateId: string | undefined;
  readonly minSize: number;
  readonly instances: readonly ParentInstance[];
}

/** @returns undefined if there is no such group @throws StepFailure */
export async function parentGroup(deployment: Deployment, name: string): Promise<ParentGroup | undefined> {
  const { AutoScalingGroups: [group] = [] } = await deployment.ask('autoscaling:DescribeAutoScalingGroups', () =>
    deployment.aws().groups.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] }), {
      abortSignal: deployment.ports.interruption.signal,
    }),
  );
  if (group === undefined) return undefined;
  return {
    version: group.LaunchTemplate?.Version,
    templateId: group.LaunchTemplate?.LaunchTemplateId,
    minSize: group.MinSize ?? 1,
    instances: (group.Instances ?? []).map(
      ({ InstanceId: id = '', LaunchTemplate: template, LifecycleState: state = 'unknown' }) => ({
        id,
        version: template?.Version,
        state,
      }),
    ),
  };
}
