import { join } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';

export interface Bundle {
  readonly text: string;
  readonly metafile: Metafile;
}

/**
 * Bundles libs/client with all its dependencies as one ES module for browsers and Node. The module imports nothing, not even Node's modules.
 * @throws esbuild's error if something cannot be bundled for a browser
 */
export async function bundleClient(root: string, entry = 'libs/client/src/published.ts'): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outdir: join(root, 'dist/client'),
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    conditions: ['browser', 'import'],
    target: 'es2022',
    tsconfig: join(root, 'tsconfig.base.json'),
    minify: true,
    legalComments: 'none',
    charset: 'utf8',
    metafile: true,
    logLevel: 'silent',
    plugins: [smallZod(join(root, 'tools/dev/build/browser-zod.ts')), unusedFilesLeft(root)],
  });
  const text = outputFiles[0]?.text;
  if (text === undefined) throw new Error('esbuild made nothing');
  return { text, metafile };
}

function smallZod(file: string): Plugin {
  return {
    name: 'small-zod',
    setup(to) {
      to.onResolve({ filter: /^zod$/ }, () => ({ path: file, sideEffects: false }));
    },
  };
}

/** Tells esbuild that files of libs/ have no side effects, so that it leaves unused ones out. */
function unusedFilesLeft(root: string): Plugin {
  const libs = join(root, 'libs/');
  const name = 'unused-files-left';
  return {
    name,
    setup(to) {
      to.onResolve({ filter: /^(\.|@communique-tee\/)/ }, async ({ path, pluginData, importer, resolveDir, kind }) => {
        if (pluginData === name || !importer.startsWith(libs)) return undefined;
        const resolved = await to.resolve(path, { importer, resolveDir, kind, pluginData: name });
        return { ...resolved, sideEffects: false };
      });
    },
  };
}
