import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXTREME_SHAPES, seenOf, STACK_SHAPES } from '../stack-shapes';
import { botocoreData, callsOfBotocore } from './botocore';
import { isRecord } from './check-request';
import { translated } from './check-resources';
import type { Request } from './drafts';
import type { Calls, Shape } from './shape';

const FILE = join('infra', 'src', 'aws-api', 'api-models.lock.json');

/**
 * Writes the models of AWS's API that every shape of stack needs into a file, for check-resources.ts. Extracts them from botocore.
 *
 * @param botocore the Python virtual environment that has botocore
 * @param root the checkout
 * @returns the file's path from the root
 */
export async function writeApiModels(
  botocore: { readonly folder: string; readonly version: string },
  root: string,
): Promise<string> {
  const models = callsOfBotocore(botocoreData(botocore.folder));
  const requests: Request[] = [];
  for (const shape of [...STACK_SHAPES, ...EXTREME_SHAPES]) {
    const { resources } = await seenOf(shape, root);
    requests.push(...translated(resources, models).flatMap((translation) => translation.requests));
  }
  writeFileSync(join(root, FILE), asText(botocore.version, extractCalls(requests, models)));
  return FILE;
}

/** Returns JSON with one line for each operation. */
export const asText = (version: string, calls: Calls): string => {
  const lines = Object.entries(calls).map(([call, shape]) => `    ${JSON.stringify(call)}: ${JSON.stringify(shape)}`);
  return `{\n  "botocore": ${JSON.stringify(version)},\n  "calls": {\n${lines.join(',\n')}\n  }\n}\n`;
};

/** Returns the members that these requests use, and the required members. */
export function extractCalls(requests: readonly Request[], models: Calls): Calls {
  const kept: Record<string, Shape> = {};
  for (const { call, params } of [...requests].sort((a, b) => (a.call < b.call ? -1 : 1))) {
    const model = models[call];
    if (model === undefined) throw new Error(`AWS's models have no ${call}`);
    kept[call] = merged(kept[call], model, params);
  }
  return kept;
}

/** @param kept the part of this shape that earlier requests needed */
function merged(kept: Shape | undefined, model: Shape, value: unknown): Shape {
  const own = constraintsOf(model);
  if (model.type === 'structure') {
    const given = isRecord(value) ? value : {};
    const names = [...Object.keys(kept?.members ?? {}), ...Object.keys(given), ...(model.required ?? [])];
    const members: Record<string, Shape> = {};
    for (const name of [...new Set(names)].sort()) {
      const member = model.members?.[name];
      if (member !== undefined) members[name] = merged(kept?.members?.[name], member, given[name]);
    }
    return { ...own, members };
  }
  if (model.type === 'list' && model.element !== undefined) {
    let element = kept?.element;
    for (const each of Array.isArray(value) && value.length > 0 ? (value as unknown[]) : [undefined])
      element = merged(element, model.element, each);
    return { ...own, ...(element && { element }) };
  }
  if (model.type === 'map' && model.key !== undefined && model.value !== undefined) {
    let of = kept?.value;
    const values = isRecord(value) ? Object.values(value) : [];
    for (const each of values.length > 0 ? values : [undefined]) of = merged(of, model.value, each);
    return { ...own, key: merged(kept?.key, model.key, undefined), ...(of && { value: of }) };
  }
  return own;
}

const constraintsOf = ({ type, min, max, pattern, enum: values, required }: Shape): Shape => ({
  type,
  ...(min !== undefined && { min }),
  ...(max !== undefined && { max }),
  ...(pattern !== undefined && { pattern }),
  ...(values !== undefined && { enum: values }),
  ...(required !== undefined && required.length > 0 && { required }),
});
