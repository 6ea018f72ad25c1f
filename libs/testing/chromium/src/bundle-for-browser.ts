import { build } from 'esbuild';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';

/**
 * Returns one script of a TypeScript module and everything that it imports. Its exports become the properties of a global.
 * Rejects for a module that needs Node's built-in modules, because it cannot be bundled.
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
