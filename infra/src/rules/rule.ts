/** A resource as the program declares it, in `pulumi preview`, `pulumi up` or a preview without Pulumi's CLI. */
export interface RuleResource {
  /** Pulumi's type, such as `aws:s3/bucket:Bucket`. */
  type: string;
  name: string;
  /** The resource's inputs. */
  props: Readonly<Record<string, unknown>>;
  /** Tags that the resource's provider adds to everything; undefined if its provider is not known. */
  providerTags: Readonly<Record<string, string>> | undefined;
  /** Inputs whose changes Pulumi's engine ignores (`ignoreChanges`); absent without an engine. */
  ignored?: readonly string[];
}

export interface ResourceRule {
  name: string;
  description: string;
  /** @returns the violations, in words; empty if there are none, or if the rule is not about this type of resource */
  check(resource: RuleResource): string[];
}

/** A rule about several resources together. */
export interface StackRule {
  name: string;
  description: string;
  checkStack(resources: readonly RuleResource[]): string[];
}

export const isProduction = ({ providerTags }: RuleResource): boolean => providerTags?.Environment === 'production';

/** The value if it is a record, otherwise an empty one. */
export const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
export const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
export const textsOf = (value: unknown): string[] =>
  listOf(value).filter((each): each is string => typeof each === 'string');
/** Pulumi's AWS provider takes some booleans as text. */
export const isTrue = (value: unknown): boolean => value === true || value === 'true';
/** The value as a number, if it is a number or the text of one; otherwise NaN. */
export const numberOf = (value: unknown): number =>
  typeof value === 'number' ? value : typeof value === 'string' && value !== '' ? Number(value) : NaN;
/** Returns the violation only if the condition is false. */
export const unless = (holds: boolean, said: string): string[] => (holds ? [] : [said]);
