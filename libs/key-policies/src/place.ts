/** Where a stack lives. Plain values: the program asks AWS once, before it makes anything. */
export interface Place {
  stack: string;
  region: string;
  accountId: string;
  /** `aws`, `aws-us-gov`, `aws-cn`. */
  partition: string;
}

export const accountRoot = ({ partition, accountId }: Place): string => `arn:${partition}:iam::${accountId}:root`;
