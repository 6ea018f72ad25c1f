import { UsageError } from '@communique-tee/command-line';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { workerPrograms } from '@communique-tee/tools/dev/build/plugins/worker-programs.mjs';
import { build } from 'esbuild';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Attack } from './attack';

export const ATTACKS_FOLDER = 'test/lab/attacks';

/** Returns the paths of all attacks in this repository. */
export async function allAttackFiles(root = workspaceRoot()): Promise<string[]> {
  const names = await readdir(join(root, ATTACKS_FOLDER));
  return names
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => join(root, ATTACKS_FOLDER, name));
}

/** Bundles the file as tools/run.mjs does, and returns its default export. @throws UsageError if the file contains no attack */
export async function loadAttack(file: string): Promise<Attack> {
  const path = resolve(file);
  if (!existsSync(path)) throw new UsageError(`there is no ${file}`);
  const root = workspaceRoot();
  const folder = join(root, '.cache', 'lab', String(process.pid));
  await mkdir(folder, { recursive: true });
  const outfile = join(folder, `${basename(path, '.ts')}.mjs`);
  try {
    await build({
      absWorkingDir: root,
      entryPoints: [path],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node24',
      packages: 'external',
      tsconfig: join(root, 'tsconfig.base.json'),
      sourcemap: 'inline',
      logLevel: 'error',
      plugins: [workerPrograms({ root })],
    });
    const loaded = (await import(pathToFileURL(outfile).href)) as { default?: unknown };
    return asAttack(loaded.default, file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function asAttack(value: unknown, file: string): Attack {
  if (typeof value === 'object' && value !== null && 'run' in value && 'title' in value) return value as Attack;
  throw new UsageError(`${file}: its default export is no attack (export default attack({ title, run }))`);
}
