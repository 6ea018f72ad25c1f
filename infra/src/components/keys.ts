import { EventRule } from '@pulumi/aws/cloudwatch/eventRule.js';
import { EventTarget } from '@pulumi/aws/cloudwatch/eventTarget.js';
import { Alias } from '@pulumi/aws/kms/alias.js';
import { Key } from '@pulumi/aws/kms/key.js';
import { all, type ComponentResourceOptions, type Input, type Output } from '@pulumi/pulumi';
import type { PolicyDocument } from '@communique-tee/key-policies';
import { Part, policyText } from './part';

export interface GuardedKeyArgs {
  description: string;
  alias: string;
  policy: Input<PolicyDocument>;
  /** Whether `pulumi destroy` refuses to delete the key. KMS waits 30 days before it deletes such a key, and 7 days otherwise. */
  protect: boolean;
}

/** A KMS key with an alias. */
export class GuardedKey extends Part {
  readonly keyArn: Output<string>;
  readonly keyId: Output<string>;
  readonly aliasArn: Output<string>;

  constructor(name: string, args: GuardedKeyArgs, options: ComponentResourceOptions) {
    super('GuardedKey', name, options);
    const key = new Key(
      name,
      {
        description: args.description,
        keyUsage: 'ENCRYPT_DECRYPT',
        customerMasterKeySpec: 'SYMMETRIC_DEFAULT',
        enableKeyRotation: true,
        multiRegion: false,
        deletionWindowInDays: args.protect ? 30 : 7,
        policy: policyText(args.policy),
        tags: { Name: name },
      },
      this.child({ protect: args.protect }),
    );
    this.keyArn = key.arn;
    this.keyId = key.keyId;
    this.aliasArn = new Alias(name, { name: args.alias, targetKeyId: key.keyId }, this.child()).arn;
    this.registerOutputs({});
  }
}

export interface KeyWatchArgs {
  keyArns: Input<string>[];
  topicArn: Input<string>;
  bucketName: Input<string>;
}

/**
 * Sends a notice when a KMS key or the image store's bucket policy is changed, because a changed key policy can admit another image.
 * EventBridge gets these events only if the account has a CloudTrail trail.
 */
export class KeyWatch extends Part {
  /** The names of the EventBridge rules, by what each watches. */
  readonly rules: Readonly<Record<string, string>>;

  constructor(name: string, { keyArns, topicArn, bucketName }: KeyWatchArgs, options: ComponentResourceOptions) {
    super('KeyWatch', name, options);
    this.rules = { keys: `${name}-keys`, images: `${name}-images` };
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
      new EventTarget(`${name}-${part}`, { rule: rule.name, targetId: `${name}-${part}`, arn: topicArn }, this.child());
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
