import { Distribution } from '@pulumi/aws/cloudfront/distribution.js';
import { OriginAccessControl } from '@pulumi/aws/cloudfront/originAccessControl.js';
import { ResponseHeadersPolicy } from '@pulumi/aws/cloudfront/responseHeadersPolicy.js';
import type { ComponentResourceOptions, Output } from '@pulumi/pulumi';
import { bucketName, type Place } from '../names';
import { residenceBucketPolicy } from '../policies/buckets';
import { Part } from './part';
import { PrivateBucket } from './private-bucket';

export interface ResidenceFilesArgs {
  place: Place;
  /** ARNs of the roles that may upload files. */
  publishers: readonly string[];
  protect: boolean;
}

/** AWS's managed policy CachingOptimized: the cache ignores a client's cookies, headers and query, and none of them reaches the bucket. */
const CACHING_OPTIMIZED = '658327ea-f89d-4fab-a63d-7e88639e58f6';
const ORIGIN = 'files';

/**
 * A private bucket with the registrar's files, which clients fetch from CloudFront. Bucket and CloudFront keep no logs, so that no record
 * shows which address read which file. The gateway does not serve these files, because it would learn which caller is about to prove residence.
 */
export class ResidenceFiles extends Part {
  readonly bucketId: Output<string>;
  readonly host: Output<string>;

  constructor(name: string, { place, publishers, protect }: ResidenceFilesArgs, options: ComponentResourceOptions) {
    super('ResidenceFiles', name, options);
    const bucket = new PrivateBucket(
      name,
      {
        // A longer word than `tree` would not fit into the longest bucket name.
        bucketName: bucketName(place, 'tree'),
        // A root is valid for 14 days.
        keepOldVersionsDays: 30,
        policy: (arn) => residenceBucketPolicy(place, arn, publishers),
        protect,
      },
      { parent: this },
    );
    this.bucketId = bucket.bucketId;
    const access = new OriginAccessControl(
      name,
      {
        name,
        description: "CloudFront reads the registrar's files",
        originAccessControlOriginType: 's3',
        signingBehavior: 'always',
        signingProtocol: 'sigv4',
      },
      this.child(),
    );
    const headers = new ResponseHeadersPolicy(
      name,
      {
        name,
        // Pages of any origin may read the files, which are the same for everyone.
        corsConfig: {
          accessControlAllowCredentials: false,
          accessControlAllowHeaders: { items: ['*'] },
          accessControlAllowMethods: { items: ['GET', 'HEAD'] },
          accessControlAllowOrigins: { items: ['*'] },
          originOverride: true,
        },
        securityHeadersConfig: {
          contentTypeOptions: { override: true },
          strictTransportSecurity: { accessControlMaxAgeSec: 31_536_000, override: true },
        },
      },
      this.child(),
    );
    const distribution = new Distribution(
      name,
      {
        enabled: true,
        comment: `${name}: the registrar's files`,
        isIpv6Enabled: true,
        httpVersion: 'http2and3',
        priceClass: 'PriceClass_100',
        // Without this, a request for `/` would list the bucket.
        defaultRootObject: 'root.note',
        origins: [{ originId: ORIGIN, domainName: bucket.regionalDomainName, originAccessControlId: access.id }],
        defaultCacheBehavior: {
          targetOriginId: ORIGIN,
          viewerProtocolPolicy: 'https-only',
          allowedMethods: ['GET', 'HEAD'],
          cachedMethods: ['GET', 'HEAD'],
          cachePolicyId: CACHING_OPTIMIZED,
          responseHeadersPolicyId: headers.id,
          // The files consist of hashes, which cannot be compressed.
          compress: false,
        },
        restrictions: { geoRestriction: { restrictionType: 'none' } },
        viewerCertificate: { cloudfrontDefaultCertificate: true },
        tags: { Name: name },
      },
      this.child({ dependsOn: bucket.settled }),
    );
    this.host = distribution.domainName;
    this.registerOutputs({});
  }
}
