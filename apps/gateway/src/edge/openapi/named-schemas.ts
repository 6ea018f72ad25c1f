import * as z from 'zod';
import type { PlainSchema } from '../../core/routing/operation';

type JsonSchema = Readonly<Record<string, unknown>>;

const COMPONENTS = '#/components/schemas/';
/** Caches converted schemas, which never change. The document itself is made for each request. */
const converted = { input: new WeakMap<z.ZodType, Converted>(), output: new WeakMap<z.ZodType, Converted>() };

interface Converted {
  readonly schema: JsonSchema;
  /** Schemas with an id, by their id. */
  readonly named: Readonly<Record<string, JsonSchema>>;
}

/**
 * JSON Schemas of one document. A zod schema with an id (`.meta({ id })`) is written once, under its name; each use
 * is a `$ref`.
 */
export class NamedSchemas {
  private readonly named = new Map<string, JsonSchema>();

  /**
   * @param io `input`: what the gateway reads; `output`: what it writes
   * @throws Error if two different schemas have one id
   */
  of(schema: z.ZodType | PlainSchema, io: 'input' | 'output'): JsonSchema {
    if (!(schema instanceof z.ZodType)) return schema;
    const known = converted[io].get(schema) ?? convert(schema, io);
    converted[io].set(schema, known);
    for (const [id, definition] of Object.entries(known.named)) this.add(id, definition);
    return known.schema;
  }

  /** By name, in ascending order. */
  all(): Record<string, JsonSchema> {
    return Object.fromEntries([...this.named].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  private add(id: string, schema: JsonSchema): void {
    const before = this.named.get(id);
    if (before !== undefined && before !== schema && JSON.stringify(before) !== JSON.stringify(schema))
      throw new Error(`two different schemas have the id ${id}`);
    this.named.set(id, schema);
  }
}

function convert(schema: z.ZodType, io: 'input' | 'output'): Converted {
  const { $schema: _dialect, $defs = {}, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' });
  return {
    schema: toComponents(rest) as JsonSchema,
    named: toComponents($defs) as Record<string, JsonSchema>,
  };
}

/** Returns the value with its `$ref`s pointing into the components of the document. */
function toComponents(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toComponents);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, of]) => [
      name,
      name === '$ref' && typeof of === 'string' ? of.replace(/^#\/\$defs\//, COMPONENTS) : toComponents(of),
    ]),
  );
}
