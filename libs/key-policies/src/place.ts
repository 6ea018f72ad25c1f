/** The account and region of a stack. The Pulumi program asks AWS for them once, before it creates anything. */
export interface Place {
  stack: string;
  region: string;
  accountId: string;
  /** `aws`, `aws-us-gov`, `aws-cn`. */
  partition: string;
}

export const accountRoot = ({ partition, accountId }: Place): string => `arn:${partition}:iam::${accountId}:root`;

/** The tag by which policies and budgets recognize a stack's resources. Its value is the stack's name. */
export const STACK_TAG = 'communique-tee:stack';
