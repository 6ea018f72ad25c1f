import { LifecyclePolicy } from '@pulumi/aws/ecr/lifecyclePolicy.js';
import { Repository } from '@pulumi/aws/ecr/repository.js';
import type { ComponentResourceOptions, Output } from '@pulumi/pulumi';
import { Part } from './part';

/** The registry for the gateway's container images, for people who run the gateway elsewhere. Tags are immutable. Each push is scanned. */
export class Registry extends Part {
  readonly repositoryArn: Output<string>;
  readonly repositoryUrl: Output<string>;

  /** @param keep whether `pulumi destroy` refuses while the registry has images */
  constructor(name: string, { keep }: { keep: boolean }, options: ComponentResourceOptions) {
    super('Registry', name, options);
    const repository = new Repository(
      name,
      {
        name,
        imageTagMutability: 'IMMUTABLE',
        imageScanningConfiguration: { scanOnPush: true },
        encryptionConfigurations: [{ encryptionType: 'AES256' }],
        forceDelete: !keep,
        tags: { Name: name },
      },
      this.child(),
    );
    const endUntagged = {
      rules: [
        {
          rulePriority: 1,
          description: 'Images without a tag expire',
          selection: { tagStatus: 'untagged', countType: 'sinceImagePushed', countUnit: 'days', countNumber: 14 },
          action: { type: 'expire' },
        },
      ],
    };
    new LifecyclePolicy(name, { repository: repository.name, policy: JSON.stringify(endUntagged) }, this.child());
    this.repositoryArn = repository.arn;
    this.repositoryUrl = repository.repositoryUrl;
    this.registerOutputs({});
  }
}
