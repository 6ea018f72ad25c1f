import { BucketObjectv2 } from '@pulumi/aws/s3/bucketObjectv2.js';
import { asset, type ComponentResourceOptions, type Input, type Output, output, type Resource } from '@pulumi/pulumi';
import type { EnclaveImage } from '../config/enclave-image';
import { bucketName, type Place } from '../names';
import { imageBucketPolicy } from '../policies/buckets';
import { Part } from './part';
import { PrivateBucket } from './private-bucket';

export interface ImageStoreArgs {
  place: Place;
  image: EnclaveImage;
  administrators: readonly string[];
  protect: boolean;
}

export const IMAGE_PREFIX = 'images/';
/** Prefix of what CodeBuild publishes. No parent runs an image from there: `pulumi up` uploads the image under a name with its hash. */
export const BUILDS_PREFIX = 'builds/';
/** Prefix of the enclave's configurations for CodeBuild, by their SHA-256. */
export const CONFIGURATIONS_PREFIX = 'configurations/';

/** The bucket from which the parent fetches the enclave's image. The object's key contains the hash; the parent reads one fixed version. */
export class ImageStore extends Part {
  readonly bucketId: Output<string>;
  readonly bucketArn: Output<string>;
  readonly key: string;
  readonly versionId: Output<string>;
  readonly settled: Resource[];

  constructor(
    name: string,
    { place, image, administrators, protect }: ImageStoreArgs,
    options: ComponentResourceOptions,
  ) {
    super('ImageStore', name, options);
    const bucket = new PrivateBucket(
      name,
      {
        bucketName: bucketName(place, 'images'),
        keepOldVersionsDays: 90,
        policy: (arn) => imageBucketPolicy(place, arn, administrators),
        protect,
      },
      { parent: this },
    );
    this.bucketId = bucket.bucketId;
    this.bucketArn = bucket.bucketArn;
    this.settled = bucket.settled;
    this.key = `${IMAGE_PREFIX}sha384/${image.sha384}.eif`;
    const object = new BucketObjectv2(
      `${name}-eif`,
      {
        bucket: bucket.bucketId,
        key: this.key,
        source:
          image.file === undefined ? new asset.StringAsset('the image is not built') : new asset.FileAsset(image.file),
        contentType: 'application/octet-stream',
        serverSideEncryption: 'AES256',
        checksumAlgorithm: 'SHA256',
        metadata: { pcr0: image.pcr0, commit: image.commit, version: image.version },
      },
      // The previous image stays in the bucket, for a rollback and for instances of the old launch template.
      this.child({ dependsOn: bucket.settled, retainOnDelete: true, ...unlessHere(image.file) }),
    );
    this.versionId = object.versionId;
    this.registerOutputs({});
  }
}

/** Ignores the content if the file is absent, as in a preview. The object's key contains the hash, so the content cannot have changed. */
const unlessHere = (file: string | undefined): { ignoreChanges?: string[] } =>
  file === undefined ? { ignoreChanges: ['source'] } : {};

export interface StoreObjectArgs {
  bucketId: Input<string>;
  /** Must contain the hash of the content, so that another content becomes another object. */
  key: Input<string>;
  content: { file: string | undefined } | { base64: Input<string> };
  settled: Resource[];
}

/** A file in the image store, for the parent or for CodeBuild. */
export class StoreObject extends Part {
  readonly key: Output<string>;

  constructor(name: string, args: StoreObjectArgs, options: ComponentResourceOptions) {
    super('StoreObject', name, options);
    const content =
      'base64' in args.content
        ? { contentBase64: args.content.base64 }
        : {
            source:
              args.content.file === undefined
                ? new asset.StringAsset('not built')
                : new asset.FileAsset(args.content.file),
          };
    new BucketObjectv2(
      name,
      {
        bucket: args.bucketId,
        key: args.key,
        ...content,
        contentType: 'application/octet-stream',
        serverSideEncryption: 'AES256',
      },
      this.child({
        dependsOn: args.settled,
        retainOnDelete: true,
        ...('file' in args.content && unlessHere(args.content.file)),
      }),
    );
    this.key = output(args.key);
    this.registerOutputs({});
  }
}
