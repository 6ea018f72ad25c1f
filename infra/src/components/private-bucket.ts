import { Bucket } from '@pulumi/aws/s3/bucket.js';
import { BucketLifecycleConfiguration } from '@pulumi/aws/s3/bucketLifecycleConfiguration.js';
import { BucketOwnershipControls } from '@pulumi/aws/s3/bucketOwnershipControls.js';
import { BucketPolicy } from '@pulumi/aws/s3/bucketPolicy.js';
import { BucketPublicAccessBlock } from '@pulumi/aws/s3/bucketPublicAccessBlock.js';
import { BucketServerSideEncryptionConfiguration } from '@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js';
import { BucketVersioning } from '@pulumi/aws/s3/bucketVersioning.js';
import type { ComponentResourceOptions, Output, Resource } from '@pulumi/pulumi';
import type { PolicyDocument } from '@communique-tee/key-policies';
import { Part, policyText } from './part';

export interface PrivateBucketArgs {
  bucketName: string;
  /** Days after which a version that is not the newest expires. */
  keepOldVersionsDays: number;
  /** Days after which an object expires; absent: never. */
  keepDays?: number;
  policy: (bucketArn: string) => PolicyDocument;
  /** true: `pulumi destroy` refuses to delete the bucket. false: it deletes the bucket with everything in it. */
  protect: boolean;
}

/** A bucket without public access: versioned, encrypted, owned by the account, and only with TLS. */
export class PrivateBucket extends Part {
  readonly bucketId: Output<string>;
  readonly bucketArn: Output<string>;
  /** The bucket's host name in its region, for CloudFront. */
  readonly regionalDomainName: Output<string>;
  /** Resources that must exist before the first object. */
  readonly settled: Resource[];

  constructor(name: string, args: PrivateBucketArgs, options: ComponentResourceOptions) {
    super('PrivateBucket', name, options);
    const bucket = new Bucket(
      name,
      { bucket: args.bucketName, forceDestroy: !args.protect, tags: { Name: args.bucketName } },
      this.child({ protect: args.protect }),
    );
    this.bucketId = bucket.id;
    this.bucketArn = bucket.arn;
    this.regionalDomainName = bucket.bucketRegionalDomainName;
    const closed = new BucketPublicAccessBlock(
      name,
      {
        bucket: bucket.id,
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
      this.child(),
    );
    const owned = new BucketOwnershipControls(
      name,
      { bucket: bucket.id, rule: { objectOwnership: 'BucketOwnerEnforced' } },
      this.child(),
    );
    const versioned = new BucketVersioning(
      name,
      { bucket: bucket.id, versioningConfiguration: { status: 'Enabled' } },
      this.child(),
    );
    const encrypted = new BucketServerSideEncryptionConfiguration(
      name,
      { bucket: bucket.id, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }] },
      this.child(),
    );
    new BucketLifecycleConfiguration(
      name,
      {
        bucket: bucket.id,
        rules: [
          {
            id: 'old-versions',
            status: 'Enabled',
            filter: { prefix: '' },
            noncurrentVersionExpiration: { noncurrentDays: args.keepOldVersionsDays },
          },
          ...(args.keepDays === undefined
            ? []
            : [{ id: 'end', status: 'Enabled', filter: { prefix: '' }, expiration: { days: args.keepDays } }]),
          {
            id: 'broken-uploads',
            status: 'Enabled',
            filter: { prefix: '' },
            abortIncompleteMultipartUpload: { daysAfterInitiation: 2 },
          },
        ],
      },
      this.child({ dependsOn: versioned }),
    );
    const ruled = new BucketPolicy(
      name,
      { bucket: bucket.id, policy: policyText(bucket.arn.apply(args.policy)) },
      this.child({ dependsOn: closed }),
    );
    this.settled = [closed, owned, versioned, encrypted, ruled];
    this.registerOutputs({});
  }
}
