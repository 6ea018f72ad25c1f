import { build } from 'esbuild';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';

/**
 * Returns one script of a TypeScript module and all its imports. The exports become properties of a global. Rejects if the module needs
 * Node's built-in modules.
 *
 * @param entry absolute path
 */
export async function bundleForBrowser(entry: string, globalName: string): Promise<string> {
  const root = workspaceRoot();
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'iife',
    globalName,
    platform: 'browser',
    target: 'es2022',
    tsconfig: join(root, 'tsconfig.base.json'),
    sourcemap: 'inline',
    logLevel: 'silent',
  });
  const script = outputFiles[0];
  if (!script) throw new Error(`esbuild made no output of ${entry}`);
  return script.text;
}
