// The page of apps/page as files: two documents, one script for each, one style sheet, an icon. Scripts, styles and icon are named by a hash
// of their content. The same sources give the same bytes.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';

import { verifierFileInPage } from './plugins/verifier-file-in-page.mjs';
import { smallZod, unusedLibrariesLeft } from './plugins/small-zod.mjs';

const SOURCES = 'apps/page/src';
/** Each loads its own script and the one style sheet. */
const DOCUMENTS = { 'index.html': 'home', 'status.html': 'status' };
const TYPES = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/** @returns {Promise<{ files: { name: string, contentType: string, bytes: Buffer, gzip: Buffer }[], inputs: string[], metafile: import('esbuild').Metafile }>} inputs: absolute paths */
export async function buildPage(root) {
  const sources = join(root, SOURCES);
  /** @type {Set<string>} */
  const verifierInputs = new Set();
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: {
      home: join(sources, 'home/main.ts'),
      status: join(sources, 'status/main.ts'),
      page: join(sources, 'page.css'),
    },
    outdir: join(root, 'dist/page'),
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    conditions: ['browser', 'import'],
    target: ['es2022', 'chrome137', 'firefox129', 'safari17'],
    tsconfig: join(root, 'tsconfig.base.json'),
    minify: true,
    legalComments: 'none',
    charset: 'utf8',
    metafile: true,
    logLevel: 'silent',
    plugins: [
      verifierFileInPage(root, (paths) => paths.forEach((path) => verifierInputs.add(path))),
      smallZod(root),
      unusedLibrariesLeft(root),
    ],
  });
  const named = (name, bytes) => {
    const [, stem, extension] = /** @type {RegExpExecArray} */ (/^(.*)\.([a-z]+)$/.exec(name));
    return {
      key: name,
      name: `${stem}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.${extension}`,
      bytes,
    };
  };
  const iconFile = join(sources, 'icon.svg');
  const assets = [
    ...outputFiles.map(({ path, contents }) => named(relative(join(root, 'dist/page'), path), Buffer.from(contents))),
    named('icon.svg', await readFile(iconFile)),
  ];
  const addressOf = (key) => {
    const asset = assets.find((each) => each.key === key);
    if (asset === undefined) throw new Error(`the page has no ${key}`);
    return `/page/${asset.name}`;
  };
  const documents = await Promise.all(
    Object.entries(DOCUMENTS).map(async ([name, script]) => {
      const source = await readFile(join(sources, script, name), 'utf8');
      const text = source.replaceAll(/\{\{([a-z.]+)\}\}/g, (_, key) =>
        addressOf(key === 'script' ? `${script}.js` : key),
      );
      return { name, bytes: Buffer.from(text) };
    }),
  );
  const files = [...documents, ...assets].map(({ name, bytes }) => ({
    name,
    contentType: TYPES[name.split('.').at(-1)],
    bytes,
    gzip: gzipSync(bytes, { level: 9 }),
  }));
  const inputs = [
    ...Object.keys(metafile.inputs).map((path) => join(root, path)),
    ...verifierInputs,
    iconFile,
    ...Object.entries(DOCUMENTS).map(([name, script]) => join(sources, script, name)),
  ];
  return { files, inputs, metafile };
}

/** As apps/gateway/src/edge/page/built-page.ts has them. */
export function asBuiltFiles(files) {
  return files.map(({ name, contentType, gzip }) => ({ name, contentType, gzipBase64: gzip.toString('base64') }));
}
