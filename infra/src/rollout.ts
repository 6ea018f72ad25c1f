import { CAPACITY_WAIT_SECONDS, type Place } from './names';

/** What the end of `pulumi up` does and does not say about the parents, and the commands that say the rest. */
export interface Rollout {
  readonly firstUp: string;
  readonly laterUp: string;
  /** Status and reason of the newest instance refresh. */
  readonly check: string;
  /** State of each instance: `Pending:Wait` until its enclave is attested, then `InService`. */
  readonly instances: string;
}

export function rolloutOf({ region }: Pick<Place, 'region'>, group: string): Rollout {
  const minutes = String(CAPACITY_WAIT_SECONDS / 60);
  return {
    firstUp: `ends when every parent's enclave is attested, and fails after ${minutes} minutes otherwise`,
    laterUp: 'starts an instance refresh where the parents change; it neither waits for it nor rolls back',
    check: `aws autoscaling describe-instance-refreshes --region ${region} --auto-scaling-group-name ${group} --max-records 1 --query 'InstanceRefreshes[0].[Status,StatusReason]'`,
    instances: `aws autoscaling describe-auto-scaling-groups --region ${region} --auto-scaling-group-names ${group} --query 'AutoScalingGroups[0].Instances[].[InstanceId,LifecycleState]'`,
  };
}
