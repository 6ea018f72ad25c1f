// What Pulumi runs (PulumiPolicy.yaml): the rules of infra/src/rules as one bundle, Pulumi's packages from the repository's node_modules.
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
  // Pulumi's own packages must be the host's instances; the others are bundled, since some of them are ES modules alone.
  external: ['@pulumi/*'],
  tsconfig: join(root, 'tsconfig.base.json'),
  sourcemap: 'inline',
  logLevel: 'error',
});
process.on('exit', () => rmSync(outfile, { force: true }));
require(outfile);
