import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { load } from 'js-yaml';
import * as z from 'zod';
import { PROJECT } from '../names';
import { oneLine } from '../config/config-error';
import { SECRET_KEYS, settingsShape } from '../config/settings-schema';

export interface StackConfig {
  /** The values as Pulumi passes them to the program. */
  values: Record<string, string>;
  /** Keys of secrets that get a made-up value, because they are not set, or only the CLI can decrypt them. */
  hidden: string[];
}

const fileSchema = z
  .object({ config: z.record(z.string(), z.unknown()).nullish() })
  .nullish()
  .transform((file) => file?.config ?? {});

/**
 * Reads Pulumi.<stack>.yaml and applies the changes of `--config`.
 * @param changes texts `key=value`; a key without a namespace is ours
 * @throws Error if there is no such stack, its file cannot be read, a setting that is no secret is encrypted, or a change is no `key=value`
 */
export function stackConfig(root: string, stack: string, changes: readonly string[]): StackConfig {
  const file = join(root, `Pulumi.${stack}.yaml`);
  if (!/^[a-z0-9-]{1,32}$/.test(stack) || !existsSync(file)) throw new Error(`there is no Pulumi.${stack}.yaml`);
  const parsed = fileSchema.safeParse(yamlOf(file));
  if (!parsed.success) throw new Error(`Pulumi.${stack}.yaml is not a stack's configuration`);
  const values: Record<string, string> = {};
  const encrypted = new Set<string>();
  for (const [key, value] of Object.entries(parsed.data)) {
    if (typeof value === 'object' && value !== null && 'secure' in value) encrypted.add(key);
    else values[key] = typeof value === 'string' ? value : JSON.stringify(value);
  }
  for (const change of changes) {
    const at = change.indexOf('=');
    if (at < 1) throw new Error(`--config ${change}: must be key=value`);
    const name = change.slice(0, at);
    const key = name.includes(':') ? name : `${PROJECT}:${name}`;
    values[key] = change.slice(at + 1);
    encrypted.delete(key);
  }
  const readable = new Set(Object.keys(settingsShape).map((name) => `${PROJECT}:${name}`)).add('aws:region');
  for (const key of encrypted)
    if (readable.has(key))
      throw new Error(
        `${key} is encrypted, and cannot be read here: give its value with --config, or store it as text`,
      );
  const hidden = new Set(encrypted);
  for (const key of SECRET_KEYS.map((name) => `${PROJECT}:${name}`)) if (values[key] === undefined) hidden.add(key);
  for (const key of hidden) values[key] = 'not-shown-in-a-preview';
  return { values, hidden: [...hidden] };
}

/** @throws Error of one line */
function yamlOf(file: string): unknown {
  try {
    return load(readFileSync(file, 'utf8'));
  } catch (error) {
    const [reason = ''] = error instanceof Error ? error.message.split('\n') : [];
    throw new Error(`${basename(file)} cannot be read: ${oneLine(reason)}`);
  }
}
