import { InstanceProfile } from '@pulumi/aws/iam/instanceProfile.js';
import { Role } from '@pulumi/aws/iam/role.js';
import { RolePolicy } from '@pulumi/aws/iam/rolePolicy.js';
import type { ComponentResourceOptions, Input, Output } from '@pulumi/pulumi';
import { type PolicyDocument, trust } from '@communique-tee/key-policies';
import { Part, policyText } from './part';

/** The parent's role in AWS. `ParentPermissions` adds the rights once the resources exist. */
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

/** The parent's rights, which are made after the resources that they name. */
export class ParentPermissions extends Part {
  constructor(
    name: string,
    { roleName, policy }: { roleName: Input<string>; policy: Input<PolicyDocument> },
    options: ComponentResourceOptions,
  ) {
    super('ParentPermissions', name, options);
    new RolePolicy(name, { name, role: roleName, policy: policyText(policy) }, this.child());
    this.registerOutputs({});
  }
}
