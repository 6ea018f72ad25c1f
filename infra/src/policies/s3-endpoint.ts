import type { Place } from '../naming/names';
import { policy, type PolicyDocument } from './document';

/**
 * Where dnf of Amazon Linux 2023 finds its packages in a region. The one name that AWS gives out for all (its mirror lists lead there);
 * outside the partition `aws` there are others, so there the endpoint's policy names by prefix.
 */
const packageBucket = ({ partition, region }: Place): string =>
  `arn:${partition}:s3:::al2023-repos-${region}-${partition === 'aws' ? 'de612dc2' : '*'}`;

/**
 * What may be reached in S3 from inside the network: the stack's own store, to be read and by its own account, and Amazon Linux's
 * packages. Nobody who breaks into the parent carries anything to a bucket of his own this way.
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
