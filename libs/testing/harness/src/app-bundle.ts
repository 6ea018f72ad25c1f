import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { integrationOnly } from './integration-only';
import { isRunning } from './is-running';
import { workspaceRoot } from './workspace-root';

export type AppBundle = 'gateway' | 'enclave --dev';

/**
 * Builds the bundle of an app like `nx build`. All spec files of one jest run share the bundle. Outside jest, and in its watch mode, each
 * call builds it into `dist`.
 * @returns the folder with `main.js` (`main.dev.js` for `enclave --dev`)
 */
export async function appBundle(bundle: AppBundle): Promise<string> {
  integrationOnly('A bundle');
  const [app, ...options] = bundle.split(' ') as [string, ...string[]];
  const run = process.env['COMMUNIQUE_JEST_PID']; // jest.preset.cjs
  if (run === undefined) return build(app, options, join(workspaceRoot(), 'dist/apps', app));

  const folder = join(workspaceRoot(), '.cache/test-bundles', run);
  const done = join(folder, app);
  if (existsSync(done)) return done;
  await removeOfEndedRuns(join(folder, '..'));
  // Two specs or workers may build the bundle at the same time. The first complete build becomes the bundle of the run.
  const mine = await build(app, options, join(folder, `${app}-${randomUUID()}`));
  await rename(mine, done).catch(async (error: unknown) => {
    if (!existsSync(done)) throw error;
    await rm(mine, { recursive: true });
  });
  return done;
}

async function build(app: string, options: readonly string[], folder: string): Promise<string> {
  const root = workspaceRoot();
  const args = [join(root, 'tools/dev/build/build.mjs'), app, ...options, '--outdir', folder];
  await promisify(execFile)(process.execPath, args, { cwd: root });
  return folder;
}

async function removeOfEndedRuns(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const run of await readdir(folder))
    if (!isRunning(Number(run))) await rm(join(folder, run), { recursive: true, force: true });
}
