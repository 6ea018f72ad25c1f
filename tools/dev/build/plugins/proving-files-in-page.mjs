// Builds the page's files for proofs: the worker's script and two WebAssembly files. bb.js itself would load its WebAssembly
// from a data: URL, which the worker's content security policy forbids.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { build } from 'esbuild';

import { containedIn } from '../licenses.mjs';
import { smallZod, unusedLibrariesLeft } from './small-zod.mjs';

const WORKER = 'libs/residence/src/prover/worker.browser.ts';
const BARRETENBERG = 'node_modules/@aztec/bb.js/dest/browser/barretenberg_wasm/fetch_code/browser/barretenberg.js';
const ACVM = 'node_modules/@noir-lang/acvm_js/web/acvm_js_bg.wasm';

/** @typedef {{ name: string, bytes: Buffer, gzip?: Buffer }} ProvingFile gzip: the compressed bytes, if the package contains them */

/**
 * @param {string} root the checkout
 * @param {import('esbuild').BuildOptions} options how the page's scripts are built
 * @returns {Promise<{ files: { worker: ProvingFile, barretenberg: ProvingFile, acvm: ProvingFile }, contained: string[], inputs: string[] }>}
 *   contained: paths of the sources that are part of the files, for their licenses. inputs: absolute paths
 */
export async function buildProvingFiles(root, options) {
  const { outputFiles, metafile } = await build({
    ...options,
    absWorkingDir: root,
    entryPoints: { proving: join(root, WORKER) },
    outdir: join(root, 'dist/page'),
    write: false,
    metafile: true,
    splitting: false,
    entryNames: '[name]',
    plugins: [smallZod(root), unusedLibrariesLeft(root)],
  });
  const dataUrl = await readFile(join(root, BARRETENBERG), 'utf8');
  const [, base64 = ''] = /"data:application\/gzip;base64,([A-Za-z0-9+/=]+)"/.exec(dataUrl) ?? [];
  const gzip = Buffer.from(base64, 'base64');
  return {
    files: {
      worker: named('proving', 'js', Buffer.from(outputFiles[0].contents)),
      barretenberg: { ...named('barretenberg', 'wasm', gunzipSync(gzip)), gzip },
      acvm: named('acvm', 'wasm', await readFile(join(root, ACVM))),
    },
    contained: [...containedIn(metafile), BARRETENBERG, ACVM],
    inputs: [...Object.keys(metafile.inputs), BARRETENBERG, ACVM].map((path) => join(root, path)),
  };
}

/**
 * Puts the paths of the files into the page.
 * @param {string} root
 * @param {Record<'worker' | 'barretenberg' | 'acvm', ProvingFile>} files
 * @returns {import('esbuild').Plugin}
 */
export const provingFilesInPage = (root, files) => ({
  name: 'proving-files-in-page',
  setup(build) {
    build.onLoad({ filter: /[\\/]apps[\\/]page[\\/]src[\\/]proving-files\.ts$/ }, () => {
      const paths = Object.fromEntries(Object.entries(files).map(([key, { name }]) => [key, `/page/${name}`]));
      const contents = `import { REFERENCE_STRING_NAME } from "@communique-tee/residence";
export const provingFiles = { ...${JSON.stringify(paths)}, referenceString: '/page/' + REFERENCE_STRING_NAME };
`;
      return { contents, loader: 'js', resolveDir: root };
    });
  },
});

/** @param {Buffer} bytes */
function named(stem, extension, bytes) {
  return { name: `${stem}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.${extension}`, bytes };
}
