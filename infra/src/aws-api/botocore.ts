import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as z from 'zod';
import { SHAPE_TYPES, type Calls, type Shape } from './shape';

const shapeSchema = z.object({
  type: z.enum(SHAPE_TYPES),
  min: z.number().optional(),
  max: z.number().optional(),
  pattern: z.string().optional(),
  enum: z.array(z.string()).optional(),
  required: z.array(z.string()).optional(),
  members: z.record(z.string(), z.object({ shape: z.string(), idempotencyToken: z.boolean().optional() })).optional(),
  member: z.object({ shape: z.string() }).optional(),
  key: z.object({ shape: z.string() }).optional(),
  value: z.object({ shape: z.string() }).optional(),
});
const modelSchema = z.object({
  operations: z.record(z.string(), z.object({ input: z.object({ shape: z.string() }).optional() })),
  shapes: z.record(z.string(), shapeSchema),
});
type Model = z.output<typeof modelSchema>;

/**
 * Returns the calls of AWS's API by name (`<service>:<operation>`), from botocore's models. Reads a service's model at its first use.
 *
 * @param folder botocore's `data`
 * @throws Error if a service or an operation does not exist
 */
export function callsOfBotocore(folder: string): Calls {
  const models = new Map<string, Model>();
  return new Proxy<Record<string, Shape>>(
    {},
    {
      get: (_target, call) => {
        const [service = '', operation = ''] = String(call).split(':');
        const model = models.get(service) ?? readModel(folder, service);
        models.set(service, model);
        const found = model.operations[operation];
        if (found === undefined) throw new Error(`AWS's models have no ${String(call)}`);
        return found.input ? new ModelShape(model, found.input.shape) : { type: 'structure', members: {} };
      },
    },
  );
}

/** @param environment a virtual environment of Python in which botocore is installed @returns botocore's folder `data` */
export function botocoreData(environment: string): string {
  const lib = join(environment, 'lib');
  const [python = ''] = readdirSync(lib).filter((name) => name.startsWith('python3.'));
  return join(lib, python, 'site-packages', 'botocore', 'data');
}

function readModel(folder: string, service: string): Model {
  // Each version's folder is named by its date; botocore uses the newest.
  const newest = readdirSync(join(folder, service)).sort().at(-1);
  if (newest === undefined) throw new Error(`botocore has no service ${service}`);
  const bytes = gunzipSync(readFileSync(join(folder, service, newest, 'service-2.json.gz')));
  return modelSchema.parse(JSON.parse(bytes.toString('utf8')));
}

/** Shapes can refer to each other in cycles, so members are read only when they are needed. */
class ModelShape implements Shape {
  readonly #found: z.output<typeof shapeSchema>;
  readonly type: Shape['type'];
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly pattern: string | undefined;
  readonly enum: readonly string[] | undefined;
  /** The required members, without idempotency tokens, which botocore and the provider generate. */
  readonly required: readonly string[] | undefined;

  constructor(
    private readonly model: Model,
    name: string,
  ) {
    const found = model.shapes[name];
    if (found === undefined) throw new Error(`AWS's models have no shape ${name}`);
    this.#found = found;
    this.type = found.type;
    this.min = found.min;
    this.max = found.max;
    this.pattern = found.pattern;
    this.enum = found.enum;
    this.required = found.required?.filter((member) => found.members?.[member]?.idempotencyToken !== true);
  }

  get members(): Readonly<Record<string, Shape>> | undefined {
    const { members } = this.#found;
    if (members === undefined) return undefined;
    const made: Record<string, Shape> = {};
    for (const [member, { shape }] of Object.entries(members))
      Object.defineProperty(made, member, { enumerable: true, get: () => new ModelShape(this.model, shape) });
    return made;
  }

  get element(): Shape | undefined {
    return this.#inside(this.#found.member);
  }

  get key(): Shape | undefined {
    return this.#inside(this.#found.key);
  }

  get value(): Shape | undefined {
    return this.#inside(this.#found.value);
  }

  #inside(found: { shape: string } | undefined): Shape | undefined {
    return found && new ModelShape(this.model, found.shape);
  }
}
