// Which lockfile, on which kind of machine, node_modules was installed from. The native parts are Node-API or programs of their
// own and Node itself comes from the lockfile, so the Node that happens to run this does not matter.
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from './workspace.mjs';

const fileOf = (folder) => join(folder, 'node_modules', '.communique-install');

const currentStamp = (folder) => {
  const lock = createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex');
  return `${lock} ${process.platform}-${process.arch}\n`;
};

export function isInstalled(folder = root) {
  try {
    return readFileSync(fileOf(folder), 'utf8') === currentStamp(folder);
  } catch {
    return false;
  }
}

export const stampInstall = (folder = root) => writeFileSync(fileOf(folder), currentStamp(folder));
export const removeStamp = (folder = root) => rmSync(fileOf(folder), { force: true });
