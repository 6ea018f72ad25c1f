import { RolePolicy } from '@pulumi/aws/iam/rolePolicy.js';
import type { ComponentResourceOptions, Input, Resource } from '@pulumi/pulumi';
import type { PolicyDocument } from '../policies/document';
import { Part, policyText } from './part';

/** What the parent may do, once everything that it is about exists. */
export class ParentPermissions extends Part {
  readonly granted: Resource;

  constructor(
    name: string,
    { roleName, policy }: { roleName: Input<string>; policy: Input<PolicyDocument> },
    options: ComponentResourceOptions,
  ) {
    super('ParentPermissions', name, options);
    this.granted = new RolePolicy(name, { role: roleName, policy: policyText(policy) }, this.child());
    this.registerOutputs({});
  }
}
