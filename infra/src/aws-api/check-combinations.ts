import type { SeenResource } from '../mock-aws';
import { numberOf, recordOf } from '../rules/rule';

type Inputs = Readonly<Record<string, unknown>>;

const DAY_SECONDS = 86_400;
const CLOUDWATCH = 'AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html';

/** AWS's documented rules about two or more inputs together, by resource type. */
const RULES: Readonly<Record<string, (inputs: Inputs) => string[]>> = {
  'aws:cloudwatch/metricAlarm:MetricAlarm': ({ period, evaluationPeriods }) => {
    const seconds = numberOf(period) * numberOf(evaluationPeriods);
    const most = numberOf(period) < 3600 ? DAY_SECONDS : 7 * DAY_SECONDS;
    return seconds > most
      ? [`period, evaluationPeriods: ${seconds} seconds together, at most ${most} (${CLOUDWATCH})`]
      : [];
  },
  'aws:autoscaling/group:Group': ({ minSize, maxSize }) =>
    numberOf(minSize) > numberOf(maxSize)
      ? [
          `minSize, maxSize: ${numberOf(minSize)} is over ${numberOf(maxSize)} (autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html)`,
        ]
      : [],
  'aws:lb/targetGroup:TargetGroup': ({ healthCheck }) => {
    const { interval, timeout } = recordOf(healthCheck);
    return numberOf(timeout) >= numberOf(interval)
      ? [
          'healthCheck.timeout: must be shorter than the interval (elasticloadbalancing/latest/application/target-group-health-checks.html)',
        ]
      : [];
  },
  'aws:elasticache/replicationGroup:ReplicationGroup': ({
    automaticFailoverEnabled,
    multiAzEnabled,
    numCacheClusters,
  }) =>
    (automaticFailoverEnabled === true || multiAzEnabled === true) && numberOf(numCacheClusters) < 2
      ? [
          'numCacheClusters: failover and several zones need at least 2 (AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html)',
        ]
      : [],
  'aws:rds/instance:Instance': ({ backupWindow, maintenanceWindow, allocatedStorage, maxAllocatedStorage }) => [
    ...(overlap(String(backupWindow), String(maintenanceWindow))
      ? ['backupWindow, maintenanceWindow: overlap (AmazonRDS/latest/APIReference/API_CreateDBInstance.html)']
      : []),
    ...(numberOf(maxAllocatedStorage) < 1.1 * numberOf(allocatedStorage)
      ? [
          'maxAllocatedStorage: at least a tenth over allocatedStorage (AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html)',
        ]
      : []),
  ],
};

export const TYPES_WITH_RULES: readonly string[] = Object.keys(RULES);

export const combinationProblems = ({ type, inputs }: SeenResource): string[] => RULES[type]?.(inputs) ?? [];

/** Neither window may pass midnight. @param daily such as `07:00-08:00` @param weekly such as `sun:08:30-sun:09:30` */
function overlap(daily: string, weekly: string): boolean {
  const [from = '', to = ''] = daily.split('-');
  const [start = '', end = ''] = weekly.split('-').map((moment) => moment.slice('sun:'.length));
  return from < end && start < to;
}
