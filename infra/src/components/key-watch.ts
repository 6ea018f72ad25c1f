import { EventRule } from '@pulumi/aws/cloudwatch/eventRule.js';
import { EventTarget } from '@pulumi/aws/cloudwatch/eventTarget.js';
import { all, type ComponentResourceOptions, type Input } from '@pulumi/pulumi';
import { Part } from './part';

export interface KeyWatchArgs {
  keyArns: Input<string>[];
  topicArn: Input<string>;
  bucketName: Input<string>;
}

/** Whoever may change a key's policy can admit another image, so each change is told to people, whoever made it. Needs a CloudTrail. */
export class KeyWatch extends Part {
  constructor(name: string, { keyArns, topicArn, bucketName }: KeyWatchArgs, options: ComponentResourceOptions) {
    super('KeyWatch', name, options);
    const watch = (part: string, description: string, pattern: Input<object>) => {
      const rule = new EventRule(
        `${name}-${part}`,
        {
          name: `${name}-${part}`,
          description,
          eventPattern: all([pattern]).apply(([known]) => JSON.stringify(known)),
          tags: { Name: `${name}-${part}` },
        },
        this.child(),
      );
      new EventTarget(`${name}-${part}`, { rule: rule.name, arn: topicArn }, this.child());
    };
    watch(
      'keys',
      'A KMS key of the stack was changed',
      all(keyArns).apply((arns) => ({
        source: ['aws.kms'],
        'detail-type': ['AWS API Call via CloudTrail'],
        detail: {
          eventSource: ['kms.amazonaws.com'],
          eventName: [
            'PutKeyPolicy',
            'ScheduleKeyDeletion',
            'DisableKey',
            'CreateGrant',
            'UpdateAlias',
            'DeleteAlias',
            'DisableKeyRotation',
          ],
          resources: { ARN: arns },
        },
      })),
    );
    watch(
      'images',
      "The image store's rules were changed",
      all([bucketName]).apply(([bucket]) => ({
        source: ['aws.s3'],
        'detail-type': ['AWS API Call via CloudTrail'],
        detail: {
          eventSource: ['s3.amazonaws.com'],
          eventName: [
            'PutBucketPolicy',
            'DeleteBucketPolicy',
            'PutBucketPublicAccessBlock',
            'DeleteBucketPublicAccessBlock',
            'PutBucketVersioning',
          ],
          requestParameters: { bucketName: [bucket] },
        },
      })),
    );
    this.registerOutputs({});
  }
}
