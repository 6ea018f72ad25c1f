/** A resource as the program declares it: before it exists (preview, `pulumi up`), or as a preview without Pulumi's CLI saw it. */
export interface RuleResource {
  /** As Pulumi writes it, `aws:s3/bucket:Bucket`. */
  type: string;
  name: string;
  /** Inputs. */
  props: Readonly<Record<string, unknown>>;
  /** Tags that the resource's provider gives to everything; undefined if it is not known to have one. */
  providerTags: Readonly<Record<string, string>> | undefined;
  /** Inputs that Pulumi's engine leaves as the state has them (`ignoreChanges`). Absent if the engine was not asked. */
  ignored?: readonly string[];
}

export interface ResourceRule {
  name: string;
  description: string;
  /** @returns what is wrong, in words; empty if nothing is, or if the rule is not about this type of resource */
  check(resource: RuleResource): string[];
}

/** A rule about several resources together. */
export interface StackRule {
  name: string;
  description: string;
  checkStack(resources: readonly RuleResource[]): string[];
}

export const isProduction = ({ providerTags }: RuleResource): boolean => providerTags?.Environment === 'production';

/** Values from outside are checked before use. */
export const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
export const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
export const textsOf = (value: unknown): string[] =>
  listOf(value).filter((each): each is string => typeof each === 'string');
/** Pulumi's AWS provider takes some booleans as text. */
export const isTrue = (value: unknown): boolean => value === true || value === 'true';
/** A number, or the text of one; NaN otherwise. */
export const numberOf = (value: unknown): number =>
  typeof value === 'number' ? value : typeof value === 'string' && value !== '' ? Number(value) : NaN;
/** The violation, if the condition is false. */
export const unless = (holds: boolean, said: string): string[] => (holds ? [] : [said]);
