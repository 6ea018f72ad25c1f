import { MetricAlarm, type MetricAlarmArgs } from '@pulumi/aws/cloudwatch/metricAlarm.js';
import { Topic } from '@pulumi/aws/sns/topic.js';
import { TopicPolicy } from '@pulumi/aws/sns/topicPolicy.js';
import { TopicSubscription } from '@pulumi/aws/sns/topicSubscription.js';
import type { ComponentResourceOptions, Input, Output } from '@pulumi/pulumi';
import { METRIC_NAMESPACE } from '../../parent/src';
import { aliasName, type Place } from '../names';
import { alarmKeyPolicy, alarmTopicPolicy } from '../policies/alarms';
import { GuardedKey } from './keys';
import { logMetricName } from './logs';
import { Part, policyText } from './part';

export interface AlarmsArgs {
  stack: string;
  topicArn: Input<string>;
  groupName: Input<string>;
  instances: number;
  /** Of the balancer's certificate; without, nginx has certbot's, and its failures are counted. */
  certificateArn?: Input<string>;
  databaseIdentifier?: Input<string>;
  redisIdentifier?: Input<string>;
}

interface Condition {
  description: string;
  namespace: string;
  metric: string;
  dimensions: Record<string, Input<string>>;
  statistic: 'Maximum' | 'Minimum' | 'Average' | 'Sum';
  when: '>' | '<';
  threshold: number;
  minutes: number;
  /** No data is itself the alarm. */
  silenceIsBad?: boolean;
}

/** Each names what to do first; docs/operations.md says the rest. */
export function alarmConditions(
  args: Pick<
    AlarmsArgs,
    'stack' | 'groupName' | 'instances' | 'certificateArn' | 'databaseIdentifier' | 'redisIdentifier'
  >,
): Record<string, Condition> {
  const gateway = { namespace: METRIC_NAMESPACE, dimensions: { stack: args.stack } };
  const group = { AutoScalingGroupName: args.groupName };
  return {
    'enclave-unhealthy': {
      ...gateway,
      dimensions: { stack: args.stack, enclave: '0' },
      metric: 'communique_attestation_trusted',
      statistic: 'Minimum',
      when: '<',
      threshold: 1,
      minutes: 5,
      silenceIsBad: true,
      description:
        'No message can be relayed: the enclave is gone or not trusted, or the gateway says nothing. Look at the log group enclave.',
    },
    'attestation-failing': {
      ...gateway,
      dimensions: { stack: args.stack, enclave: '0' },
      metric: 'communique_attestation_trusted',
      statistic: 'Average',
      when: '<',
      threshold: 0.9,
      minutes: 15,
      description:
        'The enclave attests now and then only: another image, a debug enclave, or a clock. Look at the log group gateway.',
    },
    'queue-old': {
      ...gateway,
      metric: 'communique_queue_oldest_due_seconds',
      statistic: 'Maximum',
      when: '>',
      threshold: 600,
      minutes: 10,
      description: 'A message has been waiting for ten minutes.',
    },
    'emergency-stop': {
      ...gateway,
      metric: 'communique_emergency_stop',
      statistic: 'Maximum',
      when: '>',
      threshold: 0,
      minutes: 1,
      description:
        'All spending is stopped, until an operator clears it (on a parent: sudo communique-operator status, then clear-stop).',
    },
    'database-gone': {
      ...gateway,
      metric: 'communique_database_up',
      statistic: 'Minimum',
      when: '<',
      threshold: 1,
      minutes: 3,
      description: 'The gateway does not reach PostgreSQL: nothing is accepted.',
    },
    'errors-reported': {
      ...gateway,
      metric: 'communique_error_reports_total',
      statistic: 'Sum',
      when: '>',
      threshold: 0,
      minutes: 5,
      description: 'The gateway met an error that it does not know.',
    },
    'parent-gone': {
      namespace: 'AWS/AutoScaling',
      metric: 'GroupInServiceInstances',
      dimensions: group,
      statistic: 'Minimum',
      when: '<',
      threshold: args.instances,
      minutes: 15,
      silenceIsBad: true,
      description: 'Fewer parents than asked for are in service.',
    },
    'parent-disk': {
      namespace: METRIC_NAMESPACE,
      metric: 'disk_used_percent',
      dimensions: group,
      statistic: 'Maximum',
      when: '>',
      threshold: 80,
      minutes: 15,
      description: 'A disk of the parent is fuller than 80 %.',
    },
    'parent-memory': {
      namespace: METRIC_NAMESPACE,
      metric: 'mem_used_percent',
      dimensions: group,
      statistic: 'Maximum',
      when: '>',
      threshold: 90,
      minutes: 15,
      description: "The parent's memory is fuller than 90 %; what the enclave has reserved is not counted as free.",
    },
    'parent-never-attested': {
      namespace: METRIC_NAMESPACE,
      metric: logMetricName(args.stack, 'launch-failures'),
      dimensions: {},
      statistic: 'Sum',
      when: '>',
      threshold: 0,
      minutes: 5,
      description:
        'A new parent was given up: its enclave was not attested in time (launch_never_attested in the log group parent), or there was no certificate for it (launch_without_certificate).',
    },
    ...(args.certificateArn === undefined && {
      // One failure may be a name that does not lead here yet; the certificate ends a month after the first attempt to renew it.
      'certificate-renewal': {
        namespace: METRIC_NAMESPACE,
        metric: logMetricName(args.stack, 'certificate-failures'),
        dimensions: {},
        statistic: 'Sum',
        when: '>',
        threshold: 2,
        minutes: 1440,
        description: 'Certbot has failed three times in a day. Look at the log group parent (communique-acme).',
      } as const,
    }),
    ...(args.certificateArn !== undefined && {
      'certificate-expiry': {
        namespace: 'AWS/CertificateManager',
        metric: 'DaysToExpiry',
        dimensions: { CertificateArn: args.certificateArn },
        statistic: 'Minimum',
        when: '<',
        threshold: 21,
        minutes: 1440,
        description: 'The certificate ends within three weeks, and ACM has not renewed it.',
      } as const,
    }),
    ...(args.databaseIdentifier !== undefined && {
      'database-disk': {
        namespace: 'AWS/RDS',
        metric: 'FreeStorageSpace',
        dimensions: { DBInstanceIdentifier: args.databaseIdentifier },
        statistic: 'Minimum',
        when: '<',
        threshold: 4 * 1024 ** 3,
        minutes: 15,
        description: 'Less than 4 GiB are free in PostgreSQL.',
      } as const,
    }),
    ...(args.redisIdentifier !== undefined && {
      'redis-memory': {
        namespace: 'AWS/ElastiCache',
        metric: 'DatabaseMemoryUsagePercentage',
        dimensions: { ReplicationGroupId: args.redisIdentifier },
        statistic: 'Maximum',
        when: '>',
        threshold: 80,
        minutes: 15,
        description: 'Redis is fuller than 80 %; it forgets nothing to make room, so counters would be refused.',
      } as const,
    }),
  };
}

export class Alarms extends Part {
  constructor(name: string, args: AlarmsArgs, options: ComponentResourceOptions) {
    super('Alarms', name, options);
    for (const [part, condition] of Object.entries(alarmConditions(args))) {
      new MetricAlarm(
        `${name}-${part}`,
        {
          name: `${name}-${part}`,
          alarmActions: [args.topicArn],
          okActions: [args.topicArn],
          ...metricAlarm(condition),
          tags: { Name: `${name}-${part}` },
        },
        this.child(),
      );
    }
    this.registerOutputs({});
  }
}

function metricAlarm({
  description,
  namespace,
  metric,
  dimensions,
  statistic,
  when,
  threshold,
  minutes,
  silenceIsBad,
}: Condition): MetricAlarmArgs {
  const aDay = minutes === 1440;
  return {
    alarmDescription: description,
    namespace,
    metricName: metric,
    dimensions,
    statistic,
    comparisonOperator: when === '>' ? 'GreaterThanThreshold' : 'LessThanThreshold',
    threshold,
    period: aDay ? 86_400 : 60,
    evaluationPeriods: aDay ? 1 : minutes,
    treatMissingData: silenceIsBad ? 'breaching' : 'notBreaching',
  };
}

/** Where alarms go, encrypted. Whoever is subscribed confirms it by the email that AWS sends. */
export class AlarmTopic extends Part {
  readonly topicArn: Output<string>;

  constructor(name: string, { place, email }: { place: Place; email: string }, options: ComponentResourceOptions) {
    super('AlarmTopic', name, options);
    const key = new GuardedKey(
      `${name}-key`,
      {
        description: 'Alarms on their way to people',
        alias: aliasName(place.stack, 'alarms'),
        policy: alarmKeyPolicy(place),
        protect: false,
      },
      { parent: this },
    );
    const topic = new Topic(name, { name, kmsMasterKeyId: key.keyArn, tags: { Name: name } }, this.child());
    new TopicPolicy(
      name,
      { arn: topic.arn, policy: policyText(topic.arn.apply((arn) => alarmTopicPolicy(place, arn))) },
      this.child(),
    );
    new TopicSubscription(name, { topic: topic.arn, protocol: 'email', endpoint: email }, this.child());
    this.topicArn = topic.arn;
    this.registerOutputs({});
  }
}
