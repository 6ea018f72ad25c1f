import { build } from 'esbuild';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';

/**
 * One script of a TypeScript module and all it imports; its exports become the properties of a global.
 * A module that needs Node's built-in modules cannot be bundled: that is an error here.
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
