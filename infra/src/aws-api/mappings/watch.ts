import type { Mappings } from '../mapping';

/** Monitoring: alarms, logs, events, trail, budget. */
export const watch: Mappings = {
  'aws:cloudwatch/metricAlarm:MetricAlarm': {
    call: 'cloudwatch:PutMetricAlarm',
    source: 'cloudwatch/metric_alarm.go',
    members: { name: 'AlarmName' },
    tags: 'Tags',
  },
  'aws:cloudwatch/dashboard:Dashboard': {
    call: 'cloudwatch:PutDashboard',
    source: 'cloudwatch/dashboard.go',
  },
  'aws:cloudwatch/logGroup:LogGroup': {
    call: 'logs:CreateLogGroup',
    source: 'logs/group.go',
    members: { name: 'logGroupName', retentionInDays: 'PutRetentionPolicy/retentionInDays' },
    tags: 'tags',
    sends: { 'PutRetentionPolicy/logGroupName': 'name' },
  },
  'aws:cloudwatch/logMetricFilter:LogMetricFilter': {
    call: 'logs:PutMetricFilter',
    source: 'logs/metric_filter.go',
    members: {
      name: 'filterName',
      pattern: 'filterPattern',
      'metricTransformation.name': 'metricTransformations[0].metricName',
      'metricTransformation.namespace': 'metricTransformations[0].metricNamespace',
      'metricTransformation.value': 'metricTransformations[0].metricValue',
      'metricTransformation.defaultValue': 'metricTransformations[0].defaultValue',
    },
  },
  'aws:cloudwatch/eventRule:EventRule': { call: 'events:PutRule', source: 'events/rule.go', tags: 'Tags' },
  'aws:cloudwatch/eventTarget:EventTarget': {
    call: 'events:PutTargets',
    source: 'events/target.go',
    base: 'Targets[0]',
    members: { rule: 'Rule', targetId: 'Targets[0].Id' },
  },
  'aws:cloudtrail/trail:Trail': {
    call: 'cloudtrail:CreateTrail',
    source: 'cloudtrail/trail.go',
    own: { enableLogging: 'whether the provider calls StartLogging' },
    tags: 'TagsList',
  },
  'aws:sns/topic:Topic': {
    call: 'sns:CreateTopic',
    source: 'sns/topic.go',
    members: { kmsMasterKeyId: 'Attributes.KmsMasterKeyId' },
    tags: 'Tags',
  },
  'aws:sns/topicPolicy:TopicPolicy': {
    call: 'sns:SetTopicAttributes',
    source: 'sns/topic_policy.go',
    members: { arn: 'TopicArn', policy: 'AttributeValue' },
    sends: { AttributeName: 'Policy' },
  },
  'aws:sns/topicSubscription:TopicSubscription': {
    call: 'sns:Subscribe',
    source: 'sns/topic_subscription.go',
    members: { topic: 'TopicArn' },
  },
  'aws:budgets/budget:Budget': {
    call: 'budgets:CreateBudget',
    source: 'budgets/budget.go',
    base: 'Budget',
    members: {
      name: 'Budget.BudgetName',
      limitAmount: 'Budget.BudgetLimit.Amount',
      limitUnit: 'Budget.BudgetLimit.Unit',
      costFilters: {
        to: 'Budget.CostFilters',
        as: (filters) =>
          Object.fromEntries(
            (filters as { name: string; values: string[] }[]).map(({ name, values }) => [name, values]),
          ),
      },
      // The provider sends each notification by CreateNotification, which has the same shape.
      'notifications[].notificationType': 'NotificationsWithSubscribers[].Notification.NotificationType',
      'notifications[].comparisonOperator': 'NotificationsWithSubscribers[].Notification.ComparisonOperator',
      'notifications[].threshold': 'NotificationsWithSubscribers[].Notification.Threshold',
      'notifications[].thresholdType': 'NotificationsWithSubscribers[].Notification.ThresholdType',
      'notifications[].subscriberEmailAddresses': {
        to: 'NotificationsWithSubscribers[].Subscribers[+]',
        as: (addresses) => (addresses as string[]).map((Address) => ({ SubscriptionType: 'EMAIL', Address })),
      },
      'notifications[].subscriberSnsTopicArns': {
        to: 'NotificationsWithSubscribers[].Subscribers[+]',
        as: (topics) => (topics as string[]).map((Address) => ({ SubscriptionType: 'SNS', Address })),
      },
    },
    tags: 'ResourceTags',
    sends: { AccountId: '123456789012' },
  },
};
