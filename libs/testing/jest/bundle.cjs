// Loads jest's environment and runtime for all specs (src/index.ts). Jest loads them by Node's own require, which does not know our
// aliases. So this file bundles them first, which takes about 50 ms per worker.
const Module = require('node:module');
const { join } = require('node:path');
const { buildSync } = require('esbuild');

const entry = join(__dirname, 'src', 'index.ts');
const { outputFiles } = buildSync({
  entryPoints: [entry],
  bundle: true,
  write: false,
  format: 'cjs',
  platform: 'node',
  target: 'node24',
  packages: 'external',
  tsconfig: join(__dirname, '../../../tsconfig.base.json'),
  sourcemap: 'inline',
  logLevel: 'error',
});
// Node's types do not declare `_compile`, which loads a module from a string
const self = /** @type {any} */ (module);
const bundle = /** @type {any} */ (new Module(entry, self));
bundle.filename = entry;
bundle.paths = self.paths;
bundle._compile(outputFiles[0].text, entry);
module.exports = bundle.exports;
