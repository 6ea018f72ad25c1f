// Seals the folders of the cache. A folder's hash is in its file .sha256 and is checked at each use, so a damaged file never gets into an
// image. A seal does not protect from an attacker who can write to the cache, because the attacker can also replace the hash.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { sha256Of } from './download';
import { say } from './say';

const SEAL = '.sha256';

/** Seals a finished folder. Call it last, before the folder is moved to its place. */
export async function seal(folder: string): Promise<void> {
  writeFileSync(join(folder, SEAL), `${await treeHash(folder)}\n`);
}

/** Whether the folder exists and has not changed since it was sealed. Removes a changed folder, with a message. */
export async function isSealed(folder: string): Promise<boolean> {
  if (!existsSync(folder)) return false;
  const file = join(folder, SEAL);
  if (existsSync(file) && readFileSync(file, 'utf8').trim() === (await treeHash(folder))) return true;
  say(`${folder} has changed since it was made: it is made again`);
  rmSync(folder, { recursive: true, force: true });
  return false;
}

/** Returns the hash of names, contents and targets of links in a folder, without owners, modes and times. */
async function treeHash(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const walk = async (inside: string): Promise<void> => {
    for (const entry of readdirSync(join(folder, inside), { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const name = join(inside, entry.name);
      if (name === SEAL) continue;
      const path = join(folder, name);
      const [kind, content] = entry.isDirectory()
        ? ['folder', '']
        : entry.isSymbolicLink()
          ? ['link', readlinkSync(path)]
          : ['file', await sha256Of(path)];
      hash.update(JSON.stringify([kind, name, content]));
      if (entry.isDirectory()) await walk(name);
    }
  };
  await walk('');
  return hash.digest('hex');
}
