import { writeFile } from 'node:fs/promises';

import { Command } from 'commander';

import { root } from './bundle-options.mjs';
import { asBuiltFiles, buildPage } from './page.mjs';

const command = new Command('node tools/dev/build/build-page.mjs')
  .description('Builds the page of apps/page and prints its size by part.')
  .argument('[file]', 'where to write it as JSON, in the shape of apps/gateway/src/edge/page/built-page.ts')
  .showHelpAfterError('usage: node tools/dev/build/build-page.mjs [file]')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse();
const [file] = command.args;
const { files, metafile, loadedBy } = await buildPage(root);
if (file !== undefined) await writeFile(file, JSON.stringify(asBuiltFiles(files)));
for (const { name, bytes, gzip } of files)
  console.log(`${name.padEnd(28)} ${String(bytes.length).padStart(7)} bytes, gzip ${String(gzip.length).padStart(6)}`);
for (const document of ['index.html', 'verify.html', 'status.html']) {
  const sizeOf = (names) =>
    String(files.filter(({ name }) => names.includes(name)).reduce((sum, { gzip }) => sum + gzip.length, 0));
  console.log(
    `${document} and what it loads: gzip ${sizeOf(loadedBy(document))} at once, ${sizeOf(loadedBy(document, { later: true }))} with what it loads later, ${sizeOf(loadedBy(document, { later: true, proof: true }))} with the proof of residence as well`,
  );
}
const loaded = loadedBy('index.html', { later: true, proof: true }).map((name) => `dist/page/${name}`);
const shares = new Map();
for (const path of loaded)
  for (const [input, { bytesInOutput }] of Object.entries(metafile.outputs[path]?.inputs ?? {})) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? input.split('/').slice(0, 2).join('/');
    shares.set(name, (shares.get(name) ?? 0) + bytesInOutput);
  }
console.log(
  `index.html and all that it loads, the proof of residence included, minified: ${[...shares]
    .filter(([, bytes]) => bytes > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([name, bytes]) => `${name} ${String(bytes)}`)
    .join(', ')}`,
);
