// What Pulumi runs (PulumiPolicy.yaml): the rules of infra/src/rules as one bundle, Pulumi's packages from the repository's node_modules.
const { join } = require('node:path');
const { loadBundle } = require('../load-bundle.cjs');

loadBundle(
  'policy-pack',
  'cjs',
  {
    entryPoints: [join(__dirname, 'pack.ts')],
    format: 'cjs',
    target: 'node20',
    // Pulumi's own packages must be the host's instances; the others are bundled, since some of them are only ES modules.
    external: ['@pulumi/*'],
  },
  (file) => require(file),
);
