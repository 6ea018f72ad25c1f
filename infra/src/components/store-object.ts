import { BucketObjectv2 } from '@pulumi/aws/s3/bucketObjectv2.js';
import { asset, output, type ComponentResourceOptions, type Input, type Output, type Resource } from '@pulumi/pulumi';
import { Part } from './part';

export interface StoreObjectArgs {
  bucketId: Input<string>;
  /** Holds the hash of what is in it: another content is another object. */
  key: Input<string>;
  content: { file: string | undefined } | { base64: Input<string> };
  settled: Resource[];
}

/** Something the parent installs, under the name of its content. */
export class StoreObject extends Part {
  readonly key: Output<string>;
  readonly stored: Resource;

  constructor(name: string, args: StoreObjectArgs, options: ComponentResourceOptions) {
    super('StoreObject', name, options);
    const content =
      'base64' in args.content
        ? { contentBase64: args.content.base64 }
        : {
            source:
              args.content.file === undefined
                ? new asset.StringAsset('the release is not built')
                : new asset.FileAsset(args.content.file),
          };
    this.stored = new BucketObjectv2(
      name,
      {
        bucket: args.bucketId,
        key: args.key,
        ...content,
        contentType: 'application/octet-stream',
        serverSideEncryption: 'AES256',
      },
      this.child({ dependsOn: args.settled, retainOnDelete: true }),
    );
    this.key = output(args.key);
    this.registerOutputs({});
  }
}
