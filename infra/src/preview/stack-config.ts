import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import * as z from 'zod';
import { PROJECT } from '../config/parse-settings';
import { SECRET_KEYS } from '../config/settings-schema';

export interface StackConfig {
  /** As Pulumi hands them to the program. */
  values: Record<string, string>;
  /** Secrets for which something stands in: without the CLI they cannot be opened, and looking needs none of them. */
  hidden: string[];
}

const fileSchema = z.object({ config: z.record(z.string(), z.unknown()).default({}) });

/**
 * Pulumi.<stack>.yaml with `--config key=value` over it.
 * @param changes `key=value`; a key without a namespace is ours
 * @throws Error where there is no such stack, or a change is not understood
 */
export function stackConfig(root: string, stack: string, changes: readonly string[]): StackConfig {
  const file = join(root, `Pulumi.${stack}.yaml`);
  if (!/^[a-z0-9-]{1,32}$/.test(stack) || !existsSync(file)) throw new Error(`there is no Pulumi.${stack}.yaml`);
  const parsed = fileSchema.safeParse(load(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new Error(`Pulumi.${stack}.yaml is not a stack's configuration`);
  const values: Record<string, string> = {};
  const hidden = new Set<string>();
  for (const [key, value] of Object.entries(parsed.data.config)) {
    if (typeof value === 'object' && value !== null && 'secure' in value) hidden.add(key);
    else values[key] = typeof value === 'string' ? value : JSON.stringify(value);
  }
  for (const change of changes) {
    const at = change.indexOf('=');
    if (at < 1) throw new Error(`--config ${change}: must be key=value`);
    const key = change.slice(0, at);
    values[key.includes(':') ? key : `${PROJECT}:${key}`] = change.slice(at + 1);
  }
  for (const key of SECRET_KEYS.map((name) => `${PROJECT}:${name}`)) if (values[key] === undefined) hidden.add(key);
  for (const key of hidden) values[key] = 'not-shown-in-a-preview';
  return { values, hidden: [...hidden] };
}
