// Compares package-lock.json with npm's own list of the packages in node_modules.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from './workspace.mjs';

/** @returns {Record<string, { version?: string, integrity?: string, optional?: boolean, devOptional?: boolean }> | undefined} */
function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
  } catch {
    return undefined;
  }
}

/** npm writes node_modules/.package-lock.json at the end of an installation. `npm ci` removes it first. */
export function isInstalled(folder = root) {
  const wanted = packagesOf(join(folder, 'package-lock.json'));
  const present = packagesOf(join(folder, 'node_modules', '.package-lock.json'));
  if (wanted === undefined || present === undefined) return false;
  for (const [path, { version, integrity, optional, devOptional }] of Object.entries(wanted)) {
    if (path === '') continue;
    const found = present[path];
    // npm leaves out packages for other platforms. checkNode notices if Node for this platform is missing.
    if (found === undefined && !optional && !devOptional) return false;
    if (found !== undefined && (found.version !== version || found.integrity !== integrity)) return false;
  }
  return Object.keys(present).every((path) => path in wanted);
}
