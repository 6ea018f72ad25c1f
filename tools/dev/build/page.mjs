// Builds apps/page: a document, a script and a style sheet for each address, shared scripts, texts for each language, the files for proofs,
// an icon and the licenses. Each name except a document's contains a hash of the file. The same sources give the same bytes.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';

import { containedIn, licensesOf, packagesIn } from './licenses.mjs';
import { buildProvingFiles, provingFilesInPage } from './plugins/proving-files-in-page.mjs';
import { pageLibraries } from './plugins/page-libraries.mjs';
import { verifierFileInPage } from './plugins/verifier-file-in-page.mjs';
import { smallZod, unusedLibrariesLeft } from './plugins/small-zod.mjs';
import { DEFAULT_LANGUAGE, languagesIn, nameOfTexts, textsOfPage } from './plugins/texts-of-page.mjs';

const SOURCES = 'apps/page/src';
/** The entry of each document's script and style sheet. */
const DOCUMENTS = { 'index.html': 'write', 'verify.html': 'verify', 'status.html': 'status' };
/** The parts of `/` that only some visitors load: their entries, and the groups of their texts. */
const OPTIONAL = {
  proof: { entries: ['apps/page/src/residence/loaded.ts'], texts: ['residence'] },
  agents: { entries: ['apps/page/src/agents/loaded.ts', 'libs/client/src/agents/tasks.ts'], texts: ['agents'] },
  sealOnly: { entries: ['apps/page/src/write/sealed-view.tsx'], texts: [] },
};
const TYPES = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
  wasm: 'application/wasm',
};

/**
 * @returns {Promise<{ files: { name: string, contentType: string, bytes: Buffer, gzip: Buffer }[], inputs: string[], metafile:
 * import('esbuild').Metafile, loadedBy: (document: string, options?: { later?: boolean, proof?: boolean, agents?: boolean, sealOnly?:
 * boolean }) => string[] }>}
 *   inputs: absolute paths. loadedBy: the names of the files that an English reader's browser loads with a document; the document is first.
 *   `later` adds the files that the document loads later. `proof` (proofs of residence), `agents` (help by AI models) and `sealOnly` (the
 *   view for developers) each add a part of OPTIONAL.
 */
export async function buildPage(root) {
  const sources = join(root, SOURCES);
  const outdir = join(root, 'dist/page');
  const languages = await languagesIn(sources);
  /** @type {Set<string>} */
  const verifierInputs = new Set();
  /** @type {import('esbuild').BuildOptions & { write: false, metafile: true }} */
  const scripts = {
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
  };
  const proving = await buildProvingFiles(root, scripts);
  const { outputFiles, metafile } = await build({
    ...scripts,
    absWorkingDir: root,
    entryPoints: [
      ...Object.values(DOCUMENTS).map((name) => ({ in: join(sources, name, 'main.tsx'), out: name })),
      ...Object.values(DOCUMENTS).map((name) => ({ in: join(sources, name, 'main.css'), out: name })),
    ],
    outdir,
    splitting: true,
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    define: { __LANGUAGES__: JSON.stringify(languages) },
    plugins: [
      textsOfPage(sources, languages),
      verifierFileInPage(root, (paths) => paths.forEach((path) => verifierInputs.add(path))),
      provingFilesInPage(root, proving.files),
      smallZod(root),
      unusedLibrariesLeft(root),
      pageLibraries(root),
    ],
  });
  const contained = [...containedIn(metafile), ...proving.contained];
  const icon = await readFile(join(sources, 'icon.svg'));
  const assets = [
    ...outputFiles.map(({ path, contents }) => ({ name: relative(outdir, path), bytes: Buffer.from(contents) })),
    ...Object.values(proving.files),
    named('icon', 'svg', icon),
    // Scripts are minified and contain no license texts, so the documents link to this file.
    named('licenses', 'txt', Buffer.from(licensesOf(join(root, 'node_modules'), packagesIn(contained)))),
  ];
  const assetOf = (stem, extension) => {
    const asset = assets.find(({ name }) => new RegExp(`^${stem}-[A-Za-z0-9]+\\.${extension}$`).test(name));
    if (asset === undefined) throw new Error(`the page has no ${stem}.${extension}`);
    return asset.name;
  };
  const template = await readFile(join(sources, 'document.html'), 'utf8');
  const documents = Object.entries(DOCUMENTS).map(([name, script]) => {
    const addresses = {
      script: assetOf(script, 'js'),
      'page.css': assetOf(script, 'css'),
      'icon.svg': assetOf('icon', 'svg'),
      'licenses.txt': assetOf('licenses', 'txt'),
    };
    return {
      name,
      bytes: Buffer.from(template.replaceAll(/\{\{([a-z.]+)\}\}/g, (_, key) => `/page/${addresses[key]}`)),
    };
  });
  const files = [...documents, ...assets].map(({ name, bytes, gzip = gzipSync(bytes, { level: 9 }) }) => ({
    name,
    contentType: TYPES[name.split('.').at(-1)],
    bytes,
    gzip,
  }));
  const inputs = [
    ...Object.keys(metafile.inputs)
      .filter((path) => !path.startsWith('texts:'))
      .map((path) => join(root, path)),
    ...languages.map((language) => join(sources, 'text/languages', `${language}.ts`)),
    ...verifierInputs,
    ...proving.inputs,
    join(sources, 'icon.svg'),
    join(sources, 'document.html'),
  ];
  const loadedBy = (document, { later = false, ...wanted } = {}) => {
    const left = Object.entries(OPTIONAL).flatMap(([part, { entries }]) => (wanted[part] ? [] : entries));
    const isLater = (path) =>
      later && !/_[a-z]{2,3}-[^/]*$/.test(path) && !left.includes(metafile.outputs[path]?.entryPoint ?? '');
    const scripts = new Set();
    const add = (path) => {
      if (scripts.has(path)) return;
      scripts.add(path);
      for (const { path: imported, kind } of metafile.outputs[path]?.imports ?? [])
        if (kind === 'import-statement' || isLater(imported)) add(imported);
    };
    const page = DOCUMENTS[document];
    const parts = Object.entries(OPTIONAL).flatMap(([part, { texts }]) => (wanted[part] ? texts : []));
    for (const stem of [page, ...[page, ...parts].map((group) => nameOfTexts(group, DEFAULT_LANGUAGE))])
      add(relative(root, join(outdir, assetOf(stem, 'js'))));
    const names = [...scripts].map((path) => relative('dist/page', path));
    return [document, ...names, assetOf(page, 'css'), assetOf('icon', 'svg')];
  };
  return { files, inputs, metafile, loadedBy };
}

/** @param {Buffer} bytes */
function named(stem, extension, bytes) {
  return { name: `${stem}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.${extension}`, bytes };
}

/** Returns the files in the form of apps/gateway/src/edge/page/built-page.ts. */
export function asBuiltFiles(files) {
  return files.map(({ name, contentType, gzip }) => ({ name, contentType, gzipBase64: gzip.toString('base64') }));
}
