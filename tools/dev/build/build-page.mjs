// node tools/dev/build/build-page.mjs [<file>]: builds the page of apps/page, says how large it is and what that is made of; with a file, writes it
// there as JSON in the shape of apps/gateway/src/edge/page/built-page.ts.
import { writeFile } from 'node:fs/promises';

import { Command } from 'commander';

import { root } from './bundle-options.mjs';
import { asBuiltFiles, buildPage } from './page.mjs';

const command = new Command('node tools/dev/build/build-page.mjs')
  .description('Builds the page of apps/page and prints how large it is and what that is made of.')
  .argument('[file]', 'where to write it as JSON, in the shape of apps/gateway/src/edge/page/built-page.ts')
  .showHelpAfterError('usage: node tools/dev/build/build-page.mjs [file]')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse();
const [file] = command.args;
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
