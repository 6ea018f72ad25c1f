import type { ComponentResourceOptions, Output, Resource } from '@pulumi/pulumi';
import { bucketName, type Place } from '../naming/names';
import { balancerLogBucketPolicy } from '../policies/buckets';
import { Part } from './part';
import { PrivateBucket } from './private-bucket';

/** Who connected to the balancer and when: clients' addresses and paths, so a private bucket, and not for long. */
export class BalancerLogs extends Part {
  readonly bucketId: Output<string>;
  readonly settled: Resource[];

  constructor(
    name: string,
    {
      place,
      kind,
      keepDays,
      protect,
    }: { place: Place; kind: 'application' | 'network'; keepDays: number; protect: boolean },
    options: ComponentResourceOptions,
  ) {
    super('BalancerLogs', name, options);
    const bucket = new PrivateBucket(
      name,
      {
        bucketName: bucketName(place, 'access'),
        keepOldVersionsDays: 1,
        keepDays,
        policy: (arn) => balancerLogBucketPolicy(place, arn, kind),
        protect,
      },
      { parent: this },
    );
    this.bucketId = bucket.bucketId;
    this.settled = bucket.settled;
    this.registerOutputs({});
  }
}
