import { accountRoot, type Place } from '../names';
import { policy, type PolicyDocument } from '@communique-tee/key-policies';

/** Services that set `aws:SourceAccount` to the account for which they act. */
const ALARM_SERVICES = ['cloudwatch.amazonaws.com', 'budgets.amazonaws.com'];

/**
 * EventBridge does not set `aws:SourceAccount`. With a condition on `aws:SourceAccount` or `aws:SourceArn`, it could not publish to the
 * encrypted topic (AWS, "SNS key management", and "Using resource-based policies for EventBridge"). Without one, another account that knows
 * the topic's ARN could send a notice. A notice grants no access.
 */
const EVENT_BRIDGE = 'events.amazonaws.com';

/** The alarms have their own KMS key because CloudWatch cannot use the AWS-managed key of SNS. */
export function alarmKeyPolicy(place: Place): PolicyDocument {
  return policy(
    {
      Sid: 'AccountManages',
      Effect: 'Allow',
      Principal: { AWS: accountRoot(place) },
      Action: [
        'kms:DescribeKey',
        'kms:GetKeyPolicy',
        'kms:GetKeyRotationStatus',
        'kms:ListResourceTags',
        'kms:ListKeyPolicies',
        'kms:ListGrants',
        'kms:PutKeyPolicy',
        'kms:EnableKeyRotation',
        'kms:TagResource',
        'kms:UntagResource',
        'kms:CreateAlias',
        'kms:UpdateAlias',
        'kms:DeleteAlias',
        'kms:UpdateKeyDescription',
        'kms:ScheduleKeyDeletion',
        'kms:CancelKeyDeletion',
      ],
      Resource: '*',
    },
    {
      Sid: 'AlarmsAreSent',
      Effect: 'Allow',
      Principal: { Service: ALARM_SERVICES },
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: '*',
      Condition: { StringEquals: { 'aws:SourceAccount': place.accountId } },
    },
    {
      Sid: 'ChangesAreReported',
      Effect: 'Allow',
      Principal: { Service: [EVENT_BRIDGE] },
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: '*',
    },
  );
}

export function alarmTopicPolicy(place: Place, topicArn: string): PolicyDocument {
  return policy(
    {
      Sid: 'AlarmsAreSent',
      Effect: 'Allow',
      Principal: { Service: ALARM_SERVICES },
      Action: ['sns:Publish'],
      Resource: topicArn,
      Condition: { StringEquals: { 'aws:SourceAccount': place.accountId } },
    },
    {
      Sid: 'ChangesAreReported',
      Effect: 'Allow',
      Principal: { Service: [EVENT_BRIDGE] },
      Action: ['sns:Publish'],
      Resource: topicArn,
    },
    {
      Sid: 'OnlyTls',
      Effect: 'Deny',
      Principal: '*',
      Action: ['sns:Publish'],
      Resource: topicArn,
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    },
  );
}
