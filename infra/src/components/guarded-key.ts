import { Alias } from '@pulumi/aws/kms/alias.js';
import { Key } from '@pulumi/aws/kms/key.js';
import type { ComponentResourceOptions, Input, Output } from '@pulumi/pulumi';
import type { PolicyDocument } from '../policies/document';
import { Part, policyText } from './part';

export interface GuardedKeyArgs {
  description: string;
  alias: string;
  policy: Input<PolicyDocument>;
  /** Longest waiting time before a deletion, and none by `pulumi destroy`. */
  protect: boolean;
}

/** A KMS key with its alias: symmetric, one region, rotated every year, its policy the program's. */
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
