// node tools/dev/build/build-page.mjs [<file>]: builds the page of apps/page, says how large it is and what that is made of; with a file, writes it
// there as JSON in the shape of apps/gateway/src/edge/page/built-page.ts.
import { writeFile } from 'node:fs/promises';

import { root } from './bundle-options.mjs';
import { asBuiltFiles, buildPage } from './page.mjs';

const [file, ...rest] = process.argv.slice(2);
if (rest.length > 0 || file?.startsWith('-')) {
  console.error('usage: node tools/dev/build/build-page.mjs [<file>]');
  process.exit(2);
}
const { files, metafile } = await buildPage(root);
if (file !== undefined) await writeFile(file, JSON.stringify(asBuiltFiles(files)));
for (const { name, bytes, gzip } of files)
  console.log(`${name.padEnd(28)} ${String(bytes.length).padStart(7)} bytes, gzip ${String(gzip.length).padStart(6)}`);
const home = Object.values(metafile.outputs).find(({ entryPoint }) => entryPoint?.endsWith('home/main.ts'));
const shares = new Map();
for (const [path, { bytesInOutput }] of Object.entries(home?.inputs ?? {})) {
  const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? path.split('/').slice(0, 2).join('/');
  shares.set(name, (shares.get(name) ?? 0) + bytesInOutput);
}
console.log(
  `home, minified: ${[...shares]
    .filter(([, bytes]) => bytes > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([name, bytes]) => `${name} ${String(bytes)}`)
    .join(', ')}`,
);
