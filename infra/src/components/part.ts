import {
  ComponentResource,
  type ComponentResourceOptions,
  type CustomResourceOptions,
  type Input,
  output,
  type Output,
} from '@pulumi/pulumi';
import type { PolicyDocument } from '@communique-tee/key-policies';

/** One concern of the stack, under the name `<project>-<stack>-<part>`. */
export class Part extends ComponentResource {
  constructor(kind: string, name: string, options: ComponentResourceOptions) {
    super(`communique-tee:index:${kind}`, name, {}, options);
  }

  /** Resource options for a child of this part. */
  protected child(more: CustomResourceOptions = {}): CustomResourceOptions {
    return { parent: this, ...more };
  }
}

/** A policy as JSON text, as AWS takes it. */
export const policyText = (document: Input<PolicyDocument>): Output<string> =>
  output(document).apply((known) => JSON.stringify(known));
