// What Pulumi runs (Pulumi.yaml): the TypeScript program as one bundle, packages from node_modules. Its result is the stack's outputs.
const { join } = require('node:path');
const { mkdirSync, rmSync } = require('node:fs');
const { pathToFileURL } = require('node:url');
const { buildSync } = require('esbuild');

const root = join(__dirname, '..');
const folder = join(root, '.cache', 'run');
mkdirSync(folder, { recursive: true });
const outfile = join(folder, `infra-${process.pid}.mjs`);
buildSync({
  absWorkingDir: root,
  entryPoints: [join(__dirname, 'src', 'main.ts')],
  outfile,
  bundle: true,
  format: 'esm' /* some packages are ESM alone */,
  platform: 'node',
  target: 'node24',
  packages: 'external',
  tsconfig: join(root, 'tsconfig.base.json'),
  sourcemap: 'inline',
  logLevel: 'error',
});
process.on('exit', () => rmSync(outfile, { force: true }));
module.exports = async () => (await import(pathToFileURL(outfile).href)).main(root);
