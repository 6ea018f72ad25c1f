// Pulumi runs this file (Pulumi.yaml). It bundles and loads the TypeScript program, and returns the stack's outputs.
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { loadBundle, root } = require('./load-bundle.cjs');

/** @type {import('esbuild').BuildOptions} */
const options = {
  entryPoints: [join(__dirname, 'src', 'main.ts')],
  format: 'esm' /* some packages are only ESM */,
  target: 'node24',
  packages: 'external',
};
module.exports = async () => {
  const { main } = await loadBundle('infra', 'mjs', options, (file) => import(pathToFileURL(file).href));
  return main(root);
};
