import type { Input } from '@pulumi/pulumi';
import { CAPACITY_WAIT_SECONDS, type Place } from './names';

/** Preferences of an instance refresh, with AWS's names. */
export interface RefreshPreferences {
  readonly minHealthyPercentage: number;
  readonly maxHealthyPercentage: number;
  readonly autoRollback: boolean;
  readonly skipMatching: boolean;
}

/** What `npm run deploy` needs to replace instances. */
export interface RolloutTarget {
  readonly group: string;
  /** The launch template and its newest version. */
  readonly template: Input<{ id: string; version: string }>;
  readonly preferences: RefreshPreferences;
}

/** The output `rollout`: what `pulumi up` does with the parents, and commands that show the progress. */
export interface Rollout extends RolloutTarget {
  readonly firstUp: string;
  readonly afterFailedFirstUp: string;
  readonly laterUp: string;
  /** The command that shows status and reason of the newest instance refresh. */
  readonly check: string;
  /** The command that shows the state of each instance: `Pending:Wait` until its enclave is attested, then `InService`. */
  readonly instances: string;
}

export function rolloutOf({ region }: Pick<Place, 'region'>, target: RolloutTarget): Rollout {
  const { group } = target;
  const minutes = String(CAPACITY_WAIT_SECONDS / 60);
  return {
    ...target,
    firstUp: `ends when every parent's enclave is attested; fails after ${minutes} minutes, also if AWS cannot start an instance`,
    // The provider sets the group's metrics after its wait, and only if the state differs (terraform-provider-aws, issue 604).
    afterFailedFirstUp:
      'run `pulumi up --refresh`: without a refresh the group stays without metrics. That command does not wait, so run `instances` until each is InService',
    laterUp: `starts an instance refresh if the parents change; it does not wait for the refresh and cannot roll it back (npm run deploy does both). If \`instances\` changes, it waits up to ${minutes} minutes for exactly that number of attested parents`,
    check: `aws autoscaling describe-instance-refreshes --region ${region} --auto-scaling-group-name ${group} --max-records 1 --query 'InstanceRefreshes[0].[Status,StatusReason]'`,
    instances: `aws autoscaling describe-auto-scaling-groups --region ${region} --auto-scaling-group-names ${group} --query 'AutoScalingGroups[0].Instances[].[InstanceId,LifecycleState]'`,
  };
}
