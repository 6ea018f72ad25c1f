import { InstanceProfile } from '@pulumi/aws/iam/instanceProfile.js';
import { Role } from '@pulumi/aws/iam/role.js';
import type { ComponentResourceOptions, Output } from '@pulumi/pulumi';
import { trust } from '../policies/document';
import { Part } from './part';

/** Who the parent is in AWS. What it may do is parent-permissions.ts, once the things it is about exist. */
export class Identity extends Part {
  readonly roleArn: Output<string>;
  readonly roleName: Output<string>;
  readonly instanceProfileArn: Output<string>;

  constructor(name: string, options: ComponentResourceOptions) {
    super('Identity', name, options);
    const role = new Role(
      name,
      {
        name,
        description: 'The parent instance of a Nitro enclave',
        assumeRolePolicy: JSON.stringify(trust('ec2.amazonaws.com')),
        maxSessionDuration: 3600,
      },
      this.child(),
    );
    this.roleArn = role.arn;
    this.roleName = role.name;
    this.instanceProfileArn = new InstanceProfile(name, { name, role: role.name }, this.child()).arn;
    this.registerOutputs({});
  }
}
