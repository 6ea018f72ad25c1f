// Pulumi runs this file (PulumiPolicy.yaml). It loads the rules of infra/src/rules as one bundle, with Pulumi's packages from node_modules.
const { join } = require('node:path');
const { loadBundle } = require('../load-bundle.cjs');

loadBundle(
  'policy-pack',
  'cjs',
  {
    entryPoints: [join(__dirname, 'pack.ts')],
    format: 'cjs',
    target: 'node20',
    // Pulumi's own packages must be the host's instances. The others are bundled, because some of them are only ES modules.
    external: ['@pulumi/*'],
  },
  (file) => require(file),
);
