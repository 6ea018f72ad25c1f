// Pulumi runs this file (PulumiPolicy.yaml), which bundles and loads the rules of infra/src/rules.
const { join } = require('node:path');
const { loadBundle } = require('../load-bundle.cjs');

loadBundle(
  'policy-pack',
  'cjs',
  {
    entryPoints: [join(__dirname, 'pack.ts')],
    format: 'cjs',
    target: 'node20',
    // Pulumi must see its own packages once, so they come from node_modules. The others are bundled, because some are only ES modules.
    external: ['@pulumi/*'],
  },
  (file) => require(file),
);
