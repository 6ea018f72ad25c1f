import * as mini from 'zod/mini';

/**
 * What the schemas of libs/ use of zod's chained form, over zod's small form: the same checks out of the same core (zod/v4/core), without
 * the rest (JSON Schema, texts in a language, code made at run time). Whatever is not here is an error when the bundle is loaded, and
 * tools/dev/client-package/package.integration.spec.ts holds the bundle's judgement against that of the whole zod.
 */
type Any = mini.ZodMiniType;
type Check = Parameters<Any['check']>[number];
interface Chained extends Any {
  min(value: number): Chained;
  max(value: number): Chained;
  length(value: number): Chained;
  positive(): Chained;
  regex(pattern: RegExp): Chained;
  refine(holds: (value: unknown) => unknown, params?: string | mini.core.$ZodCustomParams): Chained;
  optional(): Chained;
  nullable(): Chained;
  /** For the OpenAPI document alone: nothing here reads it. */
  meta(metadata: object): Chained;
}

function chained(schema: Any): Chained {
  const add = (check: unknown): Chained => chained(schema.check(check as Check));
  const isNumber = schema.type === 'number';
  return Object.assign(schema, {
    min: (value: number) => add(isNumber ? mini.gte(value) : mini.minLength(value)),
    max: (value: number) => add(isNumber ? mini.lte(value) : mini.maxLength(value)),
    length: (value: number) => add(mini.length(value)),
    positive: () => add(mini.positive()),
    regex: (pattern: RegExp) => add(mini.regex(pattern)),
    refine: (holds: (value: unknown) => unknown, params?: string | mini.core.$ZodCustomParams) =>
      add(mini.refine(holds, params)),
    optional: () => chained(mini.optional(schema)),
    nullable: () => chained(mini.nullable(schema)),
    meta: () => chained(schema),
  });
}

const made =
  <Arguments extends readonly unknown[]>(make: (...given: Arguments) => Any) =>
  (...given: Arguments): Chained =>
    chained(make(...given));

const string_ = made(mini.string);
const null_ = made(mini.null);
const enum_ = made(mini.enum as (values: readonly string[]) => Any);
const instanceof_ = made(mini.instanceof as (type: abstract new (...given: never) => unknown) => Any);
export { enum_ as enum, instanceof_ as instanceof, null_ as null, string_ as string };
export const array = made(mini.array as (of: Any) => Any);
export const boolean = made(mini.boolean);
export const custom = made(mini.custom);
export const int = made(mini.int);
export const literal = made(mini.literal as (value: mini.core.util.Literal) => Any);
export const object = made(mini.object as (shape: Record<string, Any>) => Any);
export const strictObject = made(mini.strictObject as (shape: Record<string, Any>) => Any);
export const tuple = made(mini.tuple as (items: readonly [Any, ...Any[]]) => Any);
export const union = made(mini.union as (of: readonly Any[]) => Any);
export const iso = { datetime: made(mini.iso.datetime) };
