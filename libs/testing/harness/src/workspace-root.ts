import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { SupportError } from './errors';

/**
 * Returns the absolute path of the checkout that contains this folder, by default the working directory. The path of this file does not
 * help, because this code also runs in bundles in other folders (tools/run.mjs).
 *
 * @throws SupportError WORKSPACE_NOT_FOUND
 */
export function workspaceRoot(from: string = process.cwd()): string {
  let folder = resolve(from);
  for (;;) {
    if (existsSync(join(folder, 'nx.json')) && existsSync(join(folder, 'package-lock.json'))) return folder;
    const parent = dirname(folder);
    if (parent === folder) throw new SupportError('WORKSPACE_NOT_FOUND', `no nx.json at or above ${from}`);
    folder = parent;
  }
}
