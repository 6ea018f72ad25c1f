import {
  CancelInstanceRefreshCommand,
  DescribeInstanceRefreshesCommand,
  StartInstanceRefreshCommand,
} from '@aws-sdk/client-auto-scaling';
import type { Deployment } from '../deployment';
import type { Outputs } from '../outputs';

/** An instance refresh, as AWS describes it. */
export interface Refresh {
  readonly id: string;
  readonly status: string;
  readonly reason: string | undefined;
  readonly percent: number;
  /** Number of instances that still have to be replaced. */
  readonly left: number | undefined;
  /** The template version that the refresh rolls out; undefined if it was started without one. */
  readonly version: string | undefined;
}

const FINAL = new Set(['Successful', 'Failed', 'Cancelled', 'RollbackSuccessful', 'RollbackFailed']);
export const hasEnded = ({ status }: Refresh): boolean => FINAL.has(status);

type Target = Outputs['rollout'];

/** @returns undefined if AWS lists no refresh (it keeps them for six weeks) @throws StepFailure */
export async function newestRefresh(deployment: Deployment, { group }: Target): Promise<Refresh | undefined> {
  const { InstanceRefreshes: [found] = [] } = await deployment.ask('autoscaling:DescribeInstanceRefreshes', () =>
    deployment.aws().groups.send(new DescribeInstanceRefreshesCommand({ AutoScalingGroupName: group, MaxRecords: 1 }), {
      abortSignal: deployment.ports.interruption.signal,
    }),
  );
  if (found === undefined) return undefined;
  return {
    id: found.InstanceRefreshId ?? '',
    status: found.Status ?? 'unknown',
    reason: found.StatusReason,
    percent: found.PercentageComplete ?? 0,
    left: found.InstancesToUpdate,
    version: found.DesiredConfiguration?.LaunchTemplate?.Version,
  };
}

/**
 * Starts a refresh that moves the group to the new version. AWS changes the group's own template version at the end, so until then it can
 * roll back to the previous one. @throws StepFailure
 */
export async function startRefresh(deployment: Deployment, target: Target): Promise<void> {
  const { group, template, preferences } = target;
  await deployment.ask('autoscaling:StartInstanceRefresh', () =>
    deployment.aws().groups.send(
      new StartInstanceRefreshCommand({
        AutoScalingGroupName: group,
        Strategy: 'Rolling',
        DesiredConfiguration: { LaunchTemplate: { LaunchTemplateId: template.id, Version: template.version } },
        Preferences: {
          MinHealthyPercentage: preferences.minHealthyPercentage,
          MaxHealthyPercentage: preferences.maxHealthyPercentage,
          AutoRollback: preferences.autoRollback,
          SkipMatching: preferences.skipMatching,
        },
      }),
      { abortSignal: deployment.ports.interruption.signal },
    ),
  );
}

/** Cancels the refresh. Instances that it has started keep running. @throws StepFailure */
export async function cancelRefresh(deployment: Deployment, { group }: Target): Promise<void> {
  await deployment.ask('autoscaling:CancelInstanceRefresh', () =>
    deployment.aws().groups.send(new CancelInstanceRefreshCommand({ AutoScalingGroupName: group })),
  );
}
