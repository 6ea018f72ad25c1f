import { Trail } from '@pulumi/aws/cloudtrail/trail.js';
import type { ComponentResourceOptions } from '@pulumi/pulumi';
import { arnOf, bucketName, type Place } from '../names';
import { trailBucketPolicy } from '../policies/buckets';
import { Part } from './part';
import { PrivateBucket } from './private-bucket';

/** The account's CloudTrail trail. The alarms about key policies need it. */
export class AuditTrail extends Part {
  constructor(name: string, { place, protect }: { place: Place; protect: boolean }, options: ComponentResourceOptions) {
    super('AuditTrail', name, options);
    const trailArn = arnOf(place, 'cloudtrail', `trail/${name}`);
    const bucket = new PrivateBucket(
      name,
      {
        bucketName: bucketName(place, 'audit'),
        keepOldVersionsDays: 365,
        policy: (arn) => trailBucketPolicy(place, arn, trailArn),
        protect,
      },
      { parent: this },
    );
    new Trail(
      name,
      {
        name,
        s3BucketName: bucket.bucketId,
        isMultiRegionTrail: true,
        includeGlobalServiceEvents: true,
        enableLogFileValidation: true,
        enableLogging: true,
        tags: { Name: name },
      },
      this.child({ dependsOn: bucket.settled }),
    );
    this.registerOutputs({});
  }
}
