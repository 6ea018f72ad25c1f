import type { Input } from '@pulumi/pulumi';
import { METRIC_NAMESPACE } from '../../parent/src';
import { logMetricName } from './logs';

const MINUTE = 60;
const QUARTER_HOUR = 15 * MINUTE;
const DAY = 86_400;

export interface AlarmConditionsArgs {
  stack: string;
  groupName: Input<string>;
  instances: number;
  /** ARN of the balancer's certificate. Absent without a balancer; then an alarm counts certbot's failures instead. */
  certificateArn?: Input<string>;
  databaseIdentifier?: Input<string>;
  redis?: { identifier: string; nodes: number };
  /** The names of the EventBridge rules, by what each rule watches: `keys`, `images`. */
  watchRules: Readonly<Record<string, string>>;
}

/** CloudWatch raises the alarm if the statistic is above (or below) the threshold in each of the last `periods` periods. */
export interface Condition {
  /**
   * What is wrong, in one or two sentences. The runbook is the section of docs/operations.md with the alarm's name (for a Redis node: the
   * name without the number).
   */
  description: string;
  namespace: string;
  metric: string;
  dimensions: Record<string, Input<string>>;
  statistic: 'Maximum' | 'Minimum' | 'Average' | 'Sum';
  when: '>' | '<';
  threshold: number;
  periodSeconds: number;
  periods: number;
  /** How a period without data counts. `ignore` keeps the alarm's state. */
  missing: 'breaching' | 'notBreaching' | 'ignore';
}

type When = Pick<Condition, 'statistic' | 'when' | 'threshold' | 'periodSeconds' | 'periods'>;

/** The statistic is above (or below) the threshold in each of the last `minutes` minutes. */
const lasting = (
  minutes: number,
  statistic: 'Maximum' | 'Minimum' | 'Average',
  when: '>' | '<',
  threshold: number,
): When => ({ statistic, when, threshold, periodSeconds: MINUTE, periods: minutes });

/** More than `threshold` events in the window. The window is one period: in several short periods, one event would fill only one. */
const events = (periodSeconds: number, threshold = 0): When => ({
  statistic: 'Sum',
  when: '>',
  threshold,
  periodSeconds,
  periods: 1,
});

/** Every alarm of a stack, by name. */
export function alarmConditions(args: AlarmConditionsArgs): Record<string, Condition> {
  const { stack } = args;
  const gateway = (metric: string, labels: Record<string, string> = {}) => ({
    namespace: METRIC_NAMESPACE,
    metric,
    dimensions: { stack, ...labels },
  });
  const logged = (metric: Parameters<typeof logMetricName>[1]) => ({
    namespace: METRIC_NAMESPACE,
    metric: logMetricName(stack, metric),
    dimensions: {},
  });
  const group = { AutoScalingGroupName: args.groupName };
  return {
    'enclave-unhealthy': {
      ...gateway('communique_attestation_trusted', { enclave: '0' }),
      ...lasting(5, 'Minimum', '<', 1),
      missing: 'breaching',
      description:
        'No message can be relayed: the enclave is down or not trusted, or the gateway sends no metrics. See the log group enclave.',
    },
    'attestation-failing': {
      ...gateway('communique_attestation_trusted', { enclave: '0' }),
      // One long period, because a value that flips between 0 and 1 is not below 0.9 in every minute.
      statistic: 'Average',
      when: '<',
      threshold: 0.9,
      periodSeconds: QUARTER_HOUR,
      periods: 1,
      missing: 'breaching',
      description:
        'The enclave is trusted only part of the time: it restarts, another image answers, or its clock is wrong. See the log group gateway.',
    },
    'clock-drift': {
      ...gateway('communique_enclave_clock_error_seconds', { enclave: '0' }),
      ...lasting(15, 'Maximum', '>', 5),
      missing: 'notBreaching', // no data while the enclave is down; then enclave-unhealthy is raised
      description:
        'The clock of the enclave’s machine is more than 5 s off the attested time. Above 60 s health fails, and certificates may be refused.',
    },
    'certificates-refused': {
      ...gateway('communique_enclave_certificates_refused', { enclave: '0' }),
      ...lasting(5, 'Maximum', '>', 0),
      missing: 'notBreaching',
      description:
        'The enclave refuses every certificate of a chamber, of KMS or of a model provider, so it cannot connect there.',
    },
    'queue-old': {
      ...gateway('communique_queue_oldest_due_seconds'),
      ...lasting(10, 'Maximum', '>', 600),
      missing: 'notBreaching', // no data while the database is down; then database-gone is raised
      description: 'A message that is due has waited for more than ten minutes.',
    },
    'emergency-stop': {
      ...gateway('communique_emergency_stop'),
      ...lasting(1, 'Maximum', '>', 0),
      missing: 'ignore',
      description:
        'All spending is stopped until an operator clears it (on a parent: sudo communique-operator status, then clear-stop).',
    },
    'budget-nearly-spent': {
      ...gateway('communique_budget_used_ratio', { window: 'system_day' }),
      ...lasting(15, 'Maximum', '>', 0.8),
      missing: 'ignore',
      description:
        'More than 80 % of the day’s budget is spent or reserved. At 100 % the gateway refuses every request that costs money.',
    },
    'provider-fault': {
      ...gateway('communique_agent_alarms_total'),
      ...events(QUARTER_HOUR),
      missing: 'notBreaching',
      description:
        'A model provider refused the key, the location, the model or the request, demands payment, treats the key as unpaid, or billed other terms than the enclave asked for. The log group gateway names provider and reason.',
    },
    'model-off': {
      ...gateway('communique_agent_models_off'),
      ...lasting(5, 'Maximum', '>', 0),
      missing: 'ignore', // no data while the database is down
      description:
        'A model, or a whole provider, is off until an operator clears it (on a parent: sudo communique-operator status, then clear-model); or the price table has no price of a model for this day.',
    },
    'usage-statement-refused': {
      ...gateway('communique_agent_statements_refused_total'),
      ...events(QUARTER_HOUR),
      missing: 'notBreaching',
      description:
        'A usage statement did not verify, or is for another attempt, so the task is charged its whole reservation. See the log group gateway.',
    },
    'tasks-overdue': {
      ...gateway('communique_agent_overdue_total'),
      ...events(60 * MINUTE, 2),
      missing: 'notBreaching',
      description:
        'Within an hour at least three tasks ended without a usage statement: enclaves or gateways stop in the middle of tasks.',
    },
    'residence-root-ending': {
      ...gateway('communique_residence_root_seconds_left'),
      ...lasting(15, 'Maximum', '<', 4 * DAY),
      missing: 'ignore', // no data before the first root is read, and while residence is off
      description:
        'The newest signed root of the registrar ends within four days. After that people cannot prove residence: publish a new root.',
    },
    'database-gone': {
      ...gateway('communique_database_up'),
      ...lasting(3, 'Minimum', '<', 1),
      missing: 'notBreaching', // if the gateway sends nothing, enclave-unhealthy is raised
      description: 'The gateway does not reach PostgreSQL: nothing is accepted.',
    },
    'redis-gone': {
      ...gateway('communique_rate_limits_store', { store: 'memory' }),
      ...lasting(10, 'Maximum', '>', 0),
      missing: 'notBreaching',
      description: 'The gateway does not reach Redis: each gateway counts rate limits by itself.',
    },
    'unexpected-errors': {
      ...gateway('communique_unexpected_errors_total'),
      ...events(5 * MINUTE),
      missing: 'notBreaching',
      description: 'The gateway met an error that it does not know. See the log group gateway.',
    },
    'gateway-crashed': {
      ...logged('gateway-crashes'),
      ...events(5 * MINUTE),
      missing: 'notBreaching',
      description: 'A gateway ended by itself, and systemd started it again. See the log group gateway.',
    },
    'parent-gone': {
      namespace: 'AWS/AutoScaling',
      metric: 'GroupInServiceInstances',
      dimensions: group,
      ...lasting(15, 'Minimum', '<', args.instances),
      missing: 'breaching',
      description: 'Fewer parents than configured are in service.',
    },
    'parent-disk': {
      namespace: METRIC_NAMESPACE,
      metric: 'disk_used_percent',
      dimensions: group,
      ...lasting(15, 'Maximum', '>', 80),
      missing: 'ignore',
      description: 'A disk of a parent is more than 80 % full.',
    },
    'parent-memory': {
      namespace: METRIC_NAMESPACE,
      metric: 'mem_used_percent',
      dimensions: group,
      ...lasting(15, 'Maximum', '>', 90),
      missing: 'ignore',
      description: 'More than 90 % of a parent’s memory is used; the part reserved for the enclave counts as used.',
    },
    'parent-never-attested': {
      ...logged('launch-failures'),
      ...events(5 * MINUTE),
      missing: 'notBreaching',
      description:
        'A new parent was given up: its enclave was not attested in time (launch_never_attested in the log group parent), or there was no certificate for it (launch_without_certificate).',
    },
    ...Object.fromEntries(
      Object.entries(args.watchRules).map(([watched, RuleName]): [string, Condition] => [
        `${watched}-watch-failing`,
        {
          namespace: 'AWS/Events',
          metric: 'FailedInvocations',
          dimensions: { RuleName },
          ...events(5 * MINUTE),
          missing: 'notBreaching', // published only when it is not zero
          description:
            'A KMS key or the image store was changed, and the notice about it could not be sent. Look for the change in CloudTrail.',
        },
      ]),
    ),
    ...(args.certificateArn === undefined
      ? {
          // Allow single failures: the DNS name may not lead to the parent yet, and 30 days remain after the first attempt to renew.
          'certificate-renewal': {
            ...logged('certificate-failures'),
            ...events(DAY, 2),
            missing: 'notBreaching',
            description:
              'Certbot has failed at least three times in a day. See the log group parent (communique-acme).',
          } as const,
        }
      : {
          'certificate-expiry': {
            namespace: 'AWS/CertificateManager',
            metric: 'DaysToExpiry',
            dimensions: { CertificateArn: args.certificateArn },
            statistic: 'Minimum',
            when: '<',
            threshold: 21,
            periodSeconds: DAY,
            periods: 1,
            missing: 'ignore', // published twice a day, until the certificate expires
            description: 'The certificate expires within three weeks, and ACM has not renewed it.',
          } as const,
        }),
    ...(args.databaseIdentifier !== undefined && {
      'database-disk': {
        namespace: 'AWS/RDS',
        metric: 'FreeStorageSpace',
        dimensions: { DBInstanceIdentifier: args.databaseIdentifier },
        ...lasting(15, 'Minimum', '<', 4 * 1024 ** 3),
        missing: 'ignore',
        description: 'PostgreSQL has less than 4 GiB of free disk.',
      } as const,
    }),
    ...(args.redis && redisMemory(args.redis)),
  };
}

/** One alarm for each node, because ElastiCache publishes metrics only per node (`<replication group>-001`). */
function redisMemory({ identifier, nodes }: { identifier: string; nodes: number }): Record<string, Condition> {
  return Object.fromEntries(
    Array.from({ length: nodes }, (_, index): [string, Condition] => {
      const node = String(index + 1).padStart(3, '0');
      return [
        `redis-memory-${node}`,
        {
          namespace: 'AWS/ElastiCache',
          metric: 'DatabaseMemoryUsagePercentage',
          dimensions: { CacheClusterId: `${identifier}-${node}` },
          ...lasting(15, 'Maximum', '>', 80),
          missing: 'ignore',
          description:
            'A Redis node uses more than 80 % of its memory. It evicts nothing, so a full node refuses to count.',
        },
      ];
    }),
  );
}
