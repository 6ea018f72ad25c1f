import { Policy } from '@pulumi/aws/autoscaling/policy.js';
import { MetricAlarm } from '@pulumi/aws/cloudwatch/metricAlarm.js';
import type { ComponentResourceOptions, Input } from '@pulumi/pulumi';
import { METRIC_NAMESPACE } from '../../parent/src';
import { Part } from './part';

export interface ScalingArgs {
  groupName: Input<string>;
  stack: string;
}

/**
 * Adds a parent while a due message waits for over a minute, or over 1,000 messages are due. Removes a parent after half an hour with fewer
 * than ten due messages.
 */
export class Scaling extends Part {
  constructor(name: string, { groupName, stack }: ScalingArgs, options: ComponentResourceOptions) {
    super('Scaling', name, options);
    const step = (part: string, scalingAdjustment: number, cooldown: number): Policy =>
      new Policy(
        `${name}-${part}`,
        {
          name: `${name}-${part}`,
          autoscalingGroupName: groupName,
          policyType: 'SimpleScaling',
          adjustmentType: 'ChangeInCapacity',
          scalingAdjustment,
          cooldown,
        },
        this.child(),
      );
    const [more, fewer] = [step('more', 1, 600), step('fewer', -1, 1800)];
    const alarm = (
      part: string,
      alarmDescription: string,
      metricName: string,
      comparisonOperator: string,
      threshold: number,
      evaluationPeriods: number,
      action: Policy,
    ) =>
      new MetricAlarm(
        `${name}-${part}`,
        {
          name: `${name}-${part}`,
          alarmDescription,
          namespace: METRIC_NAMESPACE,
          dimensions: { stack },
          metricName,
          statistic: 'Maximum',
          period: 60,
          evaluationPeriods,
          comparisonOperator,
          threshold,
          treatMissingData: 'notBreaching',
          alarmActions: [action.arn],
        },
        this.child(),
      );
    alarm(
      'old',
      'Adds a parent: a due message waits for more than a minute.',
      'communique_queue_oldest_due_seconds',
      'GreaterThanThreshold',
      60,
      3,
      more,
    );
    alarm(
      'deep',
      'Adds a parent: more than 1,000 messages are due.',
      'communique_queue_due_jobs',
      'GreaterThanThreshold',
      1000,
      3,
      more,
    );
    alarm(
      'idle',
      'Removes a parent: almost no message is due.',
      'communique_queue_due_jobs',
      'LessThanThreshold',
      10,
      30,
      fewer,
    );
    this.registerOutputs({});
  }
}
