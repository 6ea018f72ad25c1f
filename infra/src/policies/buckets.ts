import { arnOf, type Place } from '../names';
import { policy, type PolicyDocument, type Statement } from '@communique-tee/key-policies';

const tlsOnly = (bucketArn: string): Statement[] => [
  {
    Sid: 'OnlyTls',
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: [bucketArn, `${bucketArn}/*`],
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  },
  {
    Sid: 'OnlyTls12',
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: [bucketArn, `${bucketArn}/*`],
    Condition: { NumericLessThan: { 's3:TlsVersion': '1.2' } },
  },
];

/** The policy of the image store's bucket. Only the lifecycle rule and administrators can delete a version of an object. */
export function imageBucketPolicy(place: Place, bucketArn: string, administrators: readonly string[]): PolicyDocument {
  return policy(
    ...tlsOnly(bucketArn),
    {
      Sid: 'OnlyThisAccount',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: [bucketArn, `${bucketArn}/*`],
      Condition: { StringNotEquals: { 'aws:PrincipalAccount': place.accountId } },
    },
    {
      Sid: 'VersionsStay',
      Effect: 'Deny',
      Principal: '*',
      Action: ['s3:DeleteObjectVersion', 's3:PutBucketVersioning', 's3:PutBucketPolicy', 's3:DeleteBucketPolicy'],
      Resource: [bucketArn, `${bucketArn}/*`],
      Condition: { ArnNotEquals: { 'aws:PrincipalArn': [...administrators] } },
    },
  );
}

/**
 * The policy of the bucket with the registrar's static files, which everyone reads through CloudFront. CloudFront may list the bucket,
 * because S3 would otherwise answer 403 for a missing file. To clients, 404 means that all places of this file are empty.
 */
export function residenceBucketPolicy(place: Place, bucketArn: string, publishers: readonly string[]): PolicyDocument {
  const cloudFront = { Service: 'cloudfront.amazonaws.com' };
  const ofThisAccount = {
    ArnLike: { 'aws:SourceArn': `arn:${place.partition}:cloudfront::${place.accountId}:distribution/*` },
  };
  const everything = [bucketArn, `${bucketArn}/*`];
  return policy(
    ...tlsOnly(bucketArn),
    {
      Sid: 'OnlyThisAccount',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: everything,
      Condition: {
        StringNotEquals: { 'aws:PrincipalAccount': place.accountId },
        Bool: { 'aws:PrincipalIsAWSService': 'false' },
      },
    },
    {
      Sid: 'CloudFrontReads',
      Effect: 'Allow',
      Principal: cloudFront,
      Action: ['s3:GetObject'],
      Resource: `${bucketArn}/*`,
      Condition: ofThisAccount,
    },
    {
      Sid: 'CloudFrontFindsMissing',
      Effect: 'Allow',
      Principal: cloudFront,
      Action: ['s3:ListBucket'],
      Resource: bucketArn,
      Condition: ofThisAccount,
    },
    {
      Sid: 'PublishersList',
      Effect: 'Allow',
      Principal: { AWS: [...publishers] },
      Action: ['s3:ListBucket'],
      Resource: bucketArn,
    },
    {
      Sid: 'PublishersWrite',
      Effect: 'Allow',
      Principal: { AWS: [...publishers] },
      Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
      Resource: `${bucketArn}/*`,
    },
    {
      Sid: 'NobodyElseWrites',
      Effect: 'Deny',
      Principal: '*',
      Action: ['s3:PutObject', 's3:DeleteObject', 's3:DeleteObjectVersion'],
      Resource: `${bucketArn}/*`,
      Condition: { ArnNotEquals: { 'aws:PrincipalArn': [...publishers] } },
    },
  );
}

/** The policy of the bucket with CloudTrail's log, as AWS documents it. */
export function trailBucketPolicy(place: Place, bucketArn: string, trailArn: string): PolicyDocument {
  const service = { Service: 'cloudtrail.amazonaws.com' };
  return policy(
    {
      Sid: 'TrailLooks',
      Effect: 'Allow',
      Principal: service,
      Action: ['s3:GetBucketAcl'],
      Resource: bucketArn,
      Condition: { StringEquals: { 'aws:SourceArn': trailArn } },
    },
    {
      Sid: 'TrailWrites',
      Effect: 'Allow',
      Principal: service,
      Action: ['s3:PutObject'],
      Resource: `${bucketArn}/AWSLogs/${place.accountId}/*`,
      Condition: { StringEquals: { 'aws:SourceArn': trailArn, 's3:x-amz-acl': 'bucket-owner-full-control' } },
    },
    ...tlsOnly(bucketArn),
  );
}

/**
 * The policy of the bucket with the balancer's access logs, as AWS documents it. Elastic Load Balancing writes the logs of an application
 * balancer; CloudWatch Logs writes those of a network balancer.
 */
export function balancerLogBucketPolicy(
  place: Place,
  bucketArn: string,
  kind: 'application' | 'network',
): PolicyDocument {
  const written = `${bucketArn}/AWSLogs/${place.accountId}/*`;
  if (kind === 'application') {
    return policy(
      {
        Sid: 'BalancerWrites',
        Effect: 'Allow',
        Principal: { Service: 'logdelivery.elasticloadbalancing.amazonaws.com' },
        Action: ['s3:PutObject'],
        Resource: written,
        Condition: { ArnLike: { 'aws:SourceArn': arnOf(place, 'elasticloadbalancing', 'loadbalancer/*') } },
      },
      ...tlsOnly(bucketArn),
    );
  }
  const forUs = {
    StringEquals: { 'aws:SourceAccount': place.accountId },
    ArnLike: { 'aws:SourceArn': arnOf(place, 'logs', '*') },
  };
  const service = { Service: 'delivery.logs.amazonaws.com' };
  return policy(
    {
      Sid: 'DeliveryLooks',
      Effect: 'Allow',
      Principal: service,
      Action: ['s3:GetBucketAcl'],
      Resource: bucketArn,
      Condition: forUs,
    },
    {
      Sid: 'DeliveryWrites',
      Effect: 'Allow',
      Principal: service,
      Action: ['s3:PutObject'],
      Resource: written,
      Condition: { ...forUs, StringEquals: { ...forUs.StringEquals, 's3:x-amz-acl': 'bucket-owner-full-control' } },
    },
    ...tlsOnly(bucketArn),
  );
}

/**
 * The ARN of the region's bucket with the packages of Amazon Linux 2023. AWS's mirror lists name this bucket. Outside the partition `aws`
 * its name ends differently, so the ARN ends with a wildcard there.
 */
const packageBucket = ({ partition, region }: Place): string =>
  `arn:${partition}:s3:::al2023-repos-${region}-${partition === 'aws' ? 'de612dc2' : '*'}`;

/**
 * The policy of the network's S3 endpoint. It allows only reads from the stack's image store and from Amazon Linux's packages. So an attacker
 * on the parent cannot copy anything to another bucket.
 */
export const s3EndpointPolicy = (place: Place, bucketArn: string): PolicyDocument =>
  policy(
    {
      Sid: 'OwnStore',
      Effect: 'Allow',
      Principal: '*',
      Action: ['s3:GetObject', 's3:GetObjectVersion'],
      Resource: `${bucketArn}/*`,
      Condition: { StringEquals: { 'aws:PrincipalAccount': place.accountId } },
    },
    {
      Sid: 'PackagesOfAmazonLinux',
      Effect: 'Allow',
      Principal: '*',
      Action: ['s3:GetObject'],
      Resource: `${packageBucket(place)}/*`,
    },
  );
