// The environment of all specs (src/jest-environment.ts). Jest loads it with Node's own require, which does not know
// our aliases, so it is bundled first: about 50 ms, once per worker.
const Module = require('node:module');
const { join } = require('node:path');
const { buildSync } = require('esbuild');

const entry = join(__dirname, 'src', 'jest-environment.ts');
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
// Node's own way to load a module from a string is not in its types.
const self = /** @type {any} */ (module);
const bundle = /** @type {any} */ (new Module(entry, self));
bundle.filename = entry;
bundle.paths = self.paths;
bundle._compile(outputFiles[0].text, entry);
module.exports = bundle.exports;
