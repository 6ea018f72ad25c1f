// esbuild's options to bundle an app into one CommonJS file. The same sources and lockfile give the same bytes.
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { decoratorMetadata } from './plugins/decorator-metadata.mjs';
import { koffiBesideBundle } from './plugins/koffi-beside-bundle.mjs';
import { neverLoaded } from './plugins/never-loaded.mjs';
import { optionalPeers } from './plugins/optional-peers.mjs';
import { pageInBundle } from './plugins/page-in-bundle.mjs';
import { swaggerUiBesideBundle } from './plugins/swagger-ui-beside-bundle.mjs';
import { workerPrograms } from './plugins/worker-programs.mjs';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** The entries of each app. Only the enclave's development entry contains the mock NSM. */
const APPS = {
  enclave: { production: 'apps/enclave/src/main.ts', development: 'apps/enclave/src/main.dev.ts' },
  gateway: { production: 'apps/gateway/src/main.ts', development: 'apps/gateway/src/main.ts' },
  parent: { production: 'apps/parent/src/main.ts', development: 'apps/parent/src/main.ts' },
};
export const appNames = Object.keys(APPS);

/**
 * @param {{ app: string, dev?: boolean, entry?: string, outdir?: string, target?: string }} what
 *   dev: the development entry, as main.dev.js with its source map; target: platform of the native parts, e.g. linux-arm64
 * @returns {import('esbuild').BuildOptions & { metafile: true, outfile: string, plugins: import('esbuild').Plugin[] }}
 */
export function bundleOptions({ app, dev = false, entry, outdir, target = `${process.platform}-${process.arch}` }) {
  const folder = resolve(root, outdir ?? join('dist', 'apps', app));
  const outfile = join(folder, dev ? 'main.dev.js' : 'main.js');
  return {
    absWorkingDir: root,
    entryPoints: [resolve(root, entry ?? APPS[app][dev ? 'development' : 'production'])],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    tsconfig: join(root, 'tsconfig.base.json'),
    metafile: true,
    keepNames: true, // Nest names providers by their classes
    legalComments: 'none',
    charset: 'utf8',
    sourcemap: dev ? 'inline' : false,
    sourcesContent: false,
    logLevel: 'silent',
    // Packages written as ES modules read import.meta.url, which CommonJS lacks. They get the bundle's own URL.
    define: {
      'import.meta.url': '__bundleUrl',
      'import.meta.dirname': '__dirname',
      'import.meta.filename': '__filename',
    },
    banner: { js: "'use strict';\nconst __bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
    plugins: [
      ...(app === 'enclave' ? [neverLoaded({ root })] : []),
      pageInBundle({ root }),
      workerPrograms({ root }),
      decoratorMetadata({ sourceMaps: dev }),
      koffiBesideBundle({ outdir: folder, target, root }),
      swaggerUiBesideBundle({ outdir: folder, root }),
      optionalPeers,
    ],
  };
}

export const metafileOf = (outfile) =>
  join(dirname(outfile), basename(outfile) === 'main.js' ? 'meta.json' : 'meta.dev.json');
