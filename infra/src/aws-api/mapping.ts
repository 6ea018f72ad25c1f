/**
 * A place in a request: `A.B[].C`, where `[]` takes the positions of the input's own lists in their order, `[0]` is a list of one that
 * Pulumi flattened, and `[+]` adds an entry. Before a slash: another operation of the same service (`ModifyVpcAttribute/VpcId`), or of
 * another (`s3:PutBucketTagging/Bucket`). Without: the operation that makes the resource.
 */
export type Target = string | { readonly to: string; readonly as: (value: unknown) => unknown };

/** How the provider turns the inputs of one resource type into requests of AWS's API. */
export interface Mapping {
  /** `service:Operation` that makes it. */
  readonly call: string;
  /** The provider's own file: under SOURCE. */
  readonly source: string;
  /** The place in that operation's input that has the members named like the inputs; default: its top. */
  readonly base?: string;
  /**
   * Targets by path of an input (`rules[].id`), where they do not follow from its name. Without a row, an input goes to the member of its
   * name, regardless of case and of a plural, at the place that its parent leads to.
   */
  readonly members?: Readonly<Record<string, Target>>;
  /** Inputs that reach no request (with all below them), and why. */
  readonly own?: Readonly<Record<string, string>>;
  /** What the provider sends without an input of the program, if that operation is called: an example of the right form. */
  readonly sends?: Readonly<Record<string, unknown>>;
  /** Where tags go: those of the resource and of the provider. Absent: a type without tags. */
  readonly tags?: string;
}

export type Mappings = Readonly<Record<string, Mapping>>;

/** Of the provider that @pulumi/aws is made from. */
export const SOURCE = 'https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/';

/** An attribute that the API takes as text under a name: `[{ Key, Value }]`. */
export const attribute = (to: string, name: string): Target => ({
  to: `${to}[+]`,
  as: (value) => ({ Key: name, Value: String(value) }),
});

export const joined =
  (separator: string) =>
  (value: unknown): unknown =>
    Array.isArray(value) ? value.join(separator) : value;
