import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** The folders under infra/parent/files. */
export type TemplateGroup =
  | 'always'
  | 'https-certbot'
  | 'https-balancer'
  | 'data-volume'
  | 'database-parent'
  | 'database-elsewhere'
  | 'redis-parent'
  | 'elastic-ip'
  | 'enclave-secrets';

const FOLDER = join('infra', 'parent', 'files');

/** Searches upwards from the working folder, because the program may run from a bundle in another folder. */
function templatesFolder(): string {
  for (let at = process.cwd(); ; at = dirname(at)) {
    if (existsSync(join(at, FOLDER))) return join(at, FOLDER);
    if (at === dirname(at)) throw new Error(`${FOLDER} is neither in ${process.cwd()} nor above it`);
  }
}

/** Returns the text of each file by its path on the parent, with every `@name@` replaced. @throws Error for a name without a value */
export function renderTemplates(
  groups: readonly TemplateGroup[],
  values: Readonly<Record<string, string>>,
): Map<string, string> {
  const folder = templatesFolder();
  const rendered = new Map<string, string>();
  for (const group of groups) {
    for (const entry of readdirSync(join(folder, group), { withFileTypes: true, recursive: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      const path = `/${relative(join(folder, group), file)}`;
      if (rendered.has(path)) throw new Error(`${path} is in two groups`);
      rendered.set(path, fill(readFileSync(file, 'utf8'), values, path));
    }
  }
  return rendered;
}

function fill(text: string, values: Readonly<Record<string, string>>, path: string): string {
  return text.replaceAll(/@([a-z][A-Za-z0-9]*)@/g, (_whole, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${path} asks for @${name}@, which has no value`);
    return value;
  });
}
