/**
 * A place in a request: `A.B[].C`.
 * - `[]` is an entry of a list, at the same position as in Pulumi's list. The n-th `[]` belongs to the n-th list.
 * - `[0]` is the only entry of a list that Pulumi flattened. `[+]` adds an entry.
 * - A prefix with a slash names another operation of the same service (`ModifyVpcAttribute/VpcId`) or of another service
 *   (`s3:PutBucketTagging/Bucket`). A target without a prefix belongs to the operation that makes the resource.
 */
export type Target = string | { readonly to: string; readonly as: (value: unknown) => unknown };

/** How the provider turns the inputs of one resource type into requests of AWS's API. */
export interface Mapping {
  /** `service:Operation` that makes the resource. */
  readonly call: string;
  /** The provider's file, below SOURCE. */
  readonly source: string;
  /** The place in the request below which the members have the inputs' names. The default is the top. */
  readonly base?: string;
  /**
   * Targets by path of an input (`rules[].id`). An input without a row goes to the member of the same name, below the place of the input's
   * parent. Names that differ only in case, or in singular and plural, count as the same.
   */
  readonly members?: Readonly<Record<string, Target>>;
  /** Inputs that reach no request, with the reason. The inputs inside them reach no request either. */
  readonly own?: Readonly<Record<string, string>>;
  /** Members that the provider adds to a request by itself. The values here are only examples of the right form. */
  readonly sends?: Readonly<Record<string, unknown>>;
  /** The place for the tags of the resource and of the provider; absent for a type without tags. */
  readonly tags?: string;
}

export type Mappings = Readonly<Record<string, Mapping>>;

/** The source code of the Terraform provider behind @pulumi/aws. */
export const SOURCE = 'https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/';

/** A target for an attribute in the form `[{ Key, Value }]`. */
export const attribute = (to: string, name: string): Target => ({
  to: `${to}[+]`,
  as: (value) => ({ Key: name, Value: String(value) }),
});

export const joined =
  (separator: string) =>
  (value: unknown): unknown =>
    Array.isArray(value) ? value.join(separator) : value;
