import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import * as z from 'zod';

const PROJECT = 'communique-tee';

/**
 * The values of Pulumi.<stack>.yaml that checks need and infra's preview does not print. A value of --config replaces the file's. Infra's
 * preview, not this file, checks the values.
 */
export interface StackFile {
  readonly region: string | undefined;
  /** Values of the namespace communique-tee; lists and numbers as JSON. Secrets are not among them. */
  readonly values: ReadonlyMap<string, string>;
  /** Keys that hold a secret, and how the operator gives each. */
  readonly secrets: ReadonlyMap<string, 'encrypted' | 'in the clear' | 'by --config'>;
  /** The changes of --config that contain no secret: other users of this machine can see them in the preview's command line. */
  readonly changes: readonly string[];
}

/** Matches keys that are named like a secret, and so all of infra's SECRET_KEYS. */
const SECRET_KEY = /token|password|secret$/i;
/** Matches the keys that SECRET_KEY matches although their values are not secret. */
const NO_SECRET = /(version|databaseUrlSecret)$/i;

const schema = z.object({ config: z.record(z.string(), z.unknown()).default({}) });

const fileOf = (root: string, stack: string): string => join(root, `Pulumi.${stack}.yaml`);

export const isStack = (root: string, stack: string): boolean =>
  /^[a-z0-9-]{1,32}$/.test(stack) && existsSync(fileOf(root, stack));

/** @throws Error with a message for the operator that contains no value */
export function readStackFile(
  root: string,
  stack: string,
  changes: readonly string[],
  hide: (secret: string) => void,
): StackFile {
  const file = fileOf(root, stack);
  if (!isStack(root, stack)) throw new Error('--stack: there is no such stack (no Pulumi.<stack>.yaml)');
  const parsed = schema.safeParse(parseYaml(file));
  if (!parsed.success) throw new Error(`Pulumi.${stack}.yaml is not a stack's configuration`);
  const values = new Map<string, string>();
  const secrets = new Map<string, 'encrypted' | 'in the clear' | 'by --config'>();
  let region: string | undefined;
  const take = (key: string, value: unknown, byConfig: boolean): void => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    if (key === 'aws:region') region = text;
    if (!key.startsWith(`${PROJECT}:`)) return;
    const own = key.slice(PROJECT.length + 1);
    if (typeof value === 'object' && value !== null && 'secure' in value) secrets.set(own, 'encrypted');
    else if (isSecretKey(own)) {
      hide(text);
      secrets.set(own, byConfig ? 'by --config' : 'in the clear');
    } else values.set(own, text);
  };
  for (const [key, value] of Object.entries(parsed.data.config)) take(key, value, false);
  const passed: string[] = [];
  for (const change of changes) {
    const at = change.indexOf('=');
    if (at < 1) throw new Error('--config: must be key=value');
    const key = change.slice(0, at);
    take(key.includes(':') ? key : `${PROJECT}:${key}`, change.slice(at + 1), true);
    if (!isSecretKey(key)) passed.push(change);
  }
  return { region, values, secrets, changes: passed };
}

const isSecretKey = (key: string): boolean => SECRET_KEY.test(key) && !NO_SECRET.test(key);

function parseYaml(file: string): unknown {
  try {
    return load(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Returns the items of a list in Pulumi.<stack>.yaml or --config, written as JSON or with commas. */
export function listOf(file: StackFile, key: string): string[] {
  const text = file.values.get(key) ?? '';
  if (!text.trimStart().startsWith('['))
    return text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  const parsed = z.array(z.string()).safeParse(parseJson(text));
  return parsed.success ? parsed.data : [];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
