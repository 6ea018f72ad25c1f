// What Pulumi runs (PulumiPolicy.yaml): the rules of infra/src/rules as one bundle, packages from the repository's node_modules.
const { join } = require('node:path');
const { mkdirSync, rmSync } = require('node:fs');
const { buildSync } = require('esbuild');

const root = join(__dirname, '..', '..');
const folder = join(root, '.cache', 'run');
mkdirSync(folder, { recursive: true });
const outfile = join(folder, `policy-pack-${process.pid}.cjs`);
buildSync({
  absWorkingDir: root,
  entryPoints: [join(__dirname, 'pack.ts')],
  outfile,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  tsconfig: join(root, 'tsconfig.base.json'),
  sourcemap: 'inline',
  logLevel: 'error',
});
process.on('exit', () => rmSync(outfile, { force: true }));
require(outfile);
