/**
 * The part of zod's API that the schemas of libs/ use. In browser bundles the build puts this file in zod's place (plugins/small-zod.mjs),
 * because it is a tenth of zod's size: it has no JSON Schema, no message texts and no code generation. It reports the same issues as zod 4,
 * in the same order, with path, code, limits and parameters. tools/dev/client-package/package.integration.spec.ts compares the two. If a
 * schema uses a method that is missing here, building or loading the bundle fails.
 */

type Path = readonly PropertyKey[];
interface Issue {
  readonly code: string;
  readonly path: Path;
  readonly [more: string]: unknown;
}
/** `isFinal`: the value has the wrong type, so of its checks only those of its length still run. */
interface Found {
  readonly issue: Issue;
  readonly isFinal: boolean;
}
type Report = (issue: Omit<Issue, 'path'> & { readonly path?: Path }, isFinal?: boolean) => void;
type Read = (value: unknown, report: Report) => unknown;
interface Check {
  readonly check: (value: never) => Parameters<Report>[0] | undefined;
  readonly ofLength: boolean;
}

class InvalidError extends Error {
  constructor(readonly issues: readonly Issue[]) {
    super(issues.map(({ path, code }) => `${path.join('.')}: ${code}`).join('; '));
  }
}

const wrongType = (expected: string) => ({ code: 'invalid_type', expected });

class Schema {
  constructor(
    private readonly read: Read,
    private readonly checks: readonly Check[] = [],
    readonly isOptional = false,
  ) {}

  /** Returns the parsed value and its issues. */
  run(value: unknown): { readonly data: unknown; readonly found: readonly Found[] } {
    const found: Found[] = [];
    const report: Report = (issue, isFinal = true) => found.push({ issue: { path: [], ...issue } as Issue, isFinal });
    // Do not read the items of a list that is too long
    if (Array.isArray(value))
      for (const { check, ofLength } of this.checks) {
        const issue = ofLength ? check(value as never) : undefined;
        if (issue?.code !== 'too_big') continue;
        report(issue);
        return { data: value, found };
      }
    const data = this.read(value, report);
    const isFinal = found.some((each) => each.isFinal);
    const hasLength = (data as { length?: unknown } | null | undefined)?.length !== undefined;
    for (const { check, ofLength } of this.checks) {
      const issue = (ofLength ? hasLength : !isFinal) ? check(data as never) : undefined;
      if (issue !== undefined) report(issue, false);
    }
    return { data, found };
  }

  safeParse(value: unknown) {
    const { data, found } = this.run(value);
    if (found.length === 0) return { success: true, data } as const;
    return { success: false, error: new InvalidError(found.map(({ issue }) => issue)) } as const;
  }

  parse(value: unknown): unknown {
    const parsed = this.safeParse(value);
    if (!parsed.success) throw parsed.error;
    return parsed.data;
  }

  private with(check: Check['check'], ofLength = false): Schema {
    return new Schema(this.read, [...this.checks, { check, ofLength }], this.isOptional);
  }

  /** Sets the minimum of a number, or the minimum length of anything else. */
  min(minimum: number): Schema {
    const tooSmall = (origin: string) => ({ code: 'too_small', origin, minimum, inclusive: true });
    return this.read === readNumber
      ? this.with((value: number) => (value >= minimum ? undefined : tooSmall('number')))
      : this.with(
          (value: ArrayLike<unknown>) => (lengthOf(value) >= minimum ? undefined : tooSmall(originOf(value))),
          true,
        );
  }

  max(maximum: number): Schema {
    const tooBig = (origin: string) => ({ code: 'too_big', origin, maximum, inclusive: true });
    return this.read === readNumber
      ? this.with((value: number) => (value <= maximum ? undefined : tooBig('number')))
      : this.with(
          (value: ArrayLike<unknown>) => (lengthOf(value) <= maximum ? undefined : tooBig(originOf(value))),
          true,
        );
  }

  length(length: number): Schema {
    return this.with((value: ArrayLike<unknown>) => {
      const actual = lengthOf(value);
      if (actual === length) return undefined;
      const about = { origin: originOf(value), inclusive: true, exact: true };
      return actual > length
        ? { code: 'too_big', maximum: length, ...about }
        : { code: 'too_small', minimum: length, ...about };
    }, true);
  }

  positive(): Schema {
    return this.with((value: number) =>
      value > 0 ? undefined : { code: 'too_small', origin: 'number', minimum: 0, inclusive: false },
    );
  }

  /** Works only for integers. */
  multipleOf(divisor: number): Schema {
    return this.with((value: number) =>
      value % divisor === 0 ? undefined : { code: 'not_multiple_of', origin: 'number', divisor },
    );
  }

  regex(pattern: RegExp): Schema {
    return this.with((value: string) =>
      pattern.test(value) ? undefined : { code: 'invalid_format', origin: 'string', format: 'regex' },
    );
  }

  refine(
    holds: (value: never) => unknown,
    about?: string | { readonly path?: Path; readonly params?: object },
  ): Schema {
    const { path = [], params = undefined } = typeof about === 'object' ? about : {};
    return this.with((value: never) => (holds(value) ? undefined : { code: 'custom', path, params }));
  }

  optional(): Schema {
    return this.unless(undefined, true);
  }

  nullable(): Schema {
    return this.unless(null, this.isOptional);
  }

  /** Ignores the metadata, which only the OpenAPI document uses. */
  meta(): Schema {
    return this;
  }

  private unless(accepted: undefined | null, isOptional: boolean): Schema {
    const read: Read = (value, report) => {
      if (value === accepted) return value;
      const { data, found } = this.run(value);
      for (const { issue, isFinal } of found) report(issue, isFinal);
      return data;
    };
    return new Schema(read, [], isOptional);
  }
}

/** Counts the code points of a string, as zod does. */
function lengthOf(value: ArrayLike<unknown>): number {
  return typeof value === 'string' ? [...(value as string)].length : value.length;
}

function originOf(value: ArrayLike<unknown>): string {
  return Array.isArray(value) ? 'array' : typeof value === 'string' ? 'string' : 'unknown';
}

const ofType =
  (type: 'string' | 'boolean'): Read =>
  (value, report) => {
    if (typeof value !== type) report(wrongType(type));
    return value;
  };

const readNumber: Read = (value, report) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) report(wrongType('number'));
  else if (!Number.isInteger(value)) report(wrongType('int'));
  else if (!Number.isSafeInteger(value)) report({ code: value > 0 ? 'too_big' : 'too_small', origin: 'number' }, false);
  return value;
};

const oneOf = (values: readonly unknown[]): Schema =>
  new Schema((value, report) => {
    if (!values.includes(value)) report({ code: 'invalid_value', values });
    return value;
  });

/** Reads a member by its schema, and puts the member's key in front of its issues' paths. */
function readMember(schema: Schema, value: unknown, at: PropertyKey, report: Report, mayBeAbsent = false): unknown {
  const { data, found } = schema.run(value);
  if (!mayBeAbsent) for (const { issue, isFinal } of found) report({ ...issue, path: [at, ...issue.path] }, isFinal);
  return data;
}

const objectOf = (shape: Readonly<Record<string, Schema>>, strict: boolean): Schema =>
  new Schema((value, report) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      report(wrongType('object'));
      return value;
    }
    const given = value as Record<string, unknown>;
    const read: Record<string, unknown> = {};
    for (const [key, schema] of Object.entries(shape)) {
      const isGiven = key in given;
      const data = readMember(schema, given[key], key, report, schema.isOptional && !isGiven);
      if (data !== undefined || isGiven) read[key] = data;
    }
    const keys = strict ? Object.keys(given).filter((key) => !Object.hasOwn(shape, key)) : [];
    if (keys.length > 0) report({ code: 'unrecognized_keys', keys }, false);
    return read;
  });

const string_ = () => new Schema(ofType('string'));
const null_ = () =>
  new Schema((value, report) => {
    if (value !== null) report(wrongType('null'));
    return value;
  });
const enum_ = oneOf;
const instanceof_ = (type: abstract new (...given: never) => unknown) =>
  new Schema((value, report) => {
    if (!(value instanceof type)) report({ code: 'custom' });
    return value;
  });
export { enum_ as enum, instanceof_ as instanceof, null_ as null, string_ as string };
export const boolean = () => new Schema(ofType('boolean'));
export const int = () => new Schema(readNumber);
export const literal = (value: unknown) => oneOf([value]);
export const object = (shape: Readonly<Record<string, Schema>>) => objectOf(shape, false);
export const strictObject = (shape: Readonly<Record<string, Schema>>) => objectOf(shape, true);
export const custom = (holds: (value: unknown) => unknown) =>
  new Schema((value, report) => {
    if (!holds(value)) report({ code: 'custom', params: undefined }, false);
    return value;
  });
export const array = (of: Schema) =>
  new Schema((value, report) => {
    if (Array.isArray(value)) return value.map((each: unknown, at) => readMember(of, each, at, report));
    report(wrongType('array'));
    return value;
  });
export const tuple = (items: readonly Schema[]) =>
  new Schema((value, report) => {
    if (!Array.isArray(value)) report(wrongType('tuple'));
    else if (value.length !== items.length)
      report({ code: value.length > items.length ? 'too_big' : 'too_small', origin: 'array' });
    else return items.map((schema, at) => readMember(schema, value[at], at, report));
    return value;
  });
export const union = (of: readonly Schema[]) =>
  new Schema((value, report) => {
    const results = of.map((schema) => schema.run(value));
    const fits = results.find(({ found }) => found.length === 0);
    if (fits !== undefined) return fits.data;
    // If the value has the type of exactly one schema, report that schema's issues
    const [like, ...others] = results.filter(({ found }) => !found.some(({ isFinal }) => isFinal));
    if (like === undefined || others.length > 0) report({ code: 'invalid_union' });
    else for (const { issue, isFinal } of like.found) report(issue, isFinal);
    return value;
  });

const DATE_TIME = /^(\d{4}-\d{2}-\d{2})T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?Z$/;
/** Accepts a time in UTC (RFC 3339 with `Z`) on a day that exists. */
export const iso = {
  datetime: () =>
    new Schema((value, report) => {
      if (typeof value !== 'string') report(wrongType('string'));
      else if (!isDateTime(value)) report({ code: 'invalid_format', format: 'datetime' }, false);
      return value;
    }),
};

function isDateTime(text: string): boolean {
  const day = DATE_TIME.exec(text)?.[1];
  if (day === undefined) return false;
  const at = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(day);
}
