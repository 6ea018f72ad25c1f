import { accountRoot, type Place } from '../names';
import { policy, type PolicyDocument } from '@communique-tee/key-policies';

/** Who tells people: alarms, budget warnings and the rule on key policies. */
const SENDERS = ['cloudwatch.amazonaws.com', 'budgets.amazonaws.com', 'events.amazonaws.com'];

/** The alarms' own key: the AWS-managed one of SNS cannot be used by CloudWatch. */
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
      Principal: { Service: SENDERS },
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: '*',
      Condition: { StringEquals: { 'aws:SourceAccount': place.accountId } },
    },
  );
}

export function alarmTopicPolicy(place: Place, topicArn: string): PolicyDocument {
  return policy(
    {
      Sid: 'AlarmsAreSent',
      Effect: 'Allow',
      Principal: { Service: SENDERS },
      Action: ['sns:Publish'],
      Resource: topicArn,
      Condition: { StringEquals: { 'aws:SourceAccount': place.accountId } },
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
