import { MetricAlarm, type MetricAlarmArgs } from '@pulumi/aws/cloudwatch/metricAlarm.js';
import { Topic } from '@pulumi/aws/sns/topic.js';
import { TopicPolicy } from '@pulumi/aws/sns/topicPolicy.js';
import { TopicSubscription } from '@pulumi/aws/sns/topicSubscription.js';
import type { ComponentResourceOptions, Input, Output } from '@pulumi/pulumi';
import { aliasName, type Place } from '../names';
import { alarmKeyPolicy, alarmTopicPolicy } from '../policies/alarms';
import { alarmConditions, type AlarmConditionsArgs, type Condition } from './alarm-conditions';
import { GuardedKey } from './keys';
import { Part, policyText } from './part';

/** Has a section for each alarm that tells the operator what to do. */
export const RUNBOOK = 'docs/operations.md';

export interface AlarmsArgs extends AlarmConditionsArgs {
  topicArn: Input<string>;
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
          ...metricAlarm(part, condition),
          tags: { Name: `${name}-${part}` },
        },
        this.child(),
      );
    }
    this.registerOutputs({});
  }
}

function metricAlarm(name: string, condition: Condition): MetricAlarmArgs {
  return {
    // The alarms of Redis nodes share a section, so the node's number is removed
    alarmDescription: `${condition.description} ${RUNBOOK}#${name.replace(/-\d{3}$/, '')}`,
    namespace: condition.namespace,
    metricName: condition.metric,
    dimensions: condition.dimensions,
    statistic: condition.statistic,
    comparisonOperator: condition.when === '>' ? 'GreaterThanThreshold' : 'LessThanThreshold',
    threshold: condition.threshold,
    period: condition.periodSeconds,
    evaluationPeriods: condition.periods,
    treatMissingData: condition.missing,
  };
}

/** The encrypted topic of all alarms. AWS sends an email in which the subscriber must confirm the subscription. */
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
