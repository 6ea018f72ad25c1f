// CommonJS specs, ESM-only packages through jest's own require(esm): needs Node 24 and --experimental-vm-modules (docs/development.md)
const transform = {
  '^.+\\.ts$': [
    '@swc/jest',
    {
      swcrc: false,
      sourceMaps: 'inline',
      module: { type: 'commonjs' },
      jsc: {
        target: 'es2022',
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true },
        keepClassNames: true,
      },
    },
  ],
};

const { compilerOptions } = require('./tsconfig.base.json');
const moduleNameMapper = Object.fromEntries(
  Object.entries(compilerOptions.paths).map(([alias, [file]]) => [`^${alias}$`, file.replace(/^\.\//, '<rootDir>/')]),
);

// These export under the condition `import` alone, which jest does not ask for.
for (const [name, file] of [
  ['cborg', 'cborg.js'],
  ['cborg/length', 'lib/length.js'],
]) {
  moduleNameMapper[`^${name}$`] = `<rootDir>/node_modules/cborg/${file}`;
}

const project = (displayName, directory) => ({
  displayName,
  rootDir: __dirname,
  testEnvironment: 'node',
  testMatch: [`<rootDir>/${directory}/**/*.spec.ts`],
  transform,
  moduleNameMapper,
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.dev/'],
});

module.exports = {
  maxWorkers: 2,
  testTimeout: 120_000,
  projects: [
    project('protocol', 'libs/protocol'),
    project('crypto', 'libs/crypto'),
    project('attestation', 'libs/attestation'),
    project('nsm', 'libs/nsm'),
    project('nsm-mock', 'libs/nsm-mock'),
    project('receipts', 'libs/receipts'),
    project('vsock', 'libs/vsock'),
    project('eif', 'libs/eif'),
    project('kms', 'libs/kms'),
    project('client', 'libs/client'),
    project('enclave', 'apps/enclave'),
    project('gateway', 'apps/gateway'),
    project('page', 'apps/page'),
    project('parent', 'apps/parent'),
    project('congress', 'test/congress'),
    project('kms-simulator', 'test/kms'),
    project('support', 'test/support'),
    project('system', 'test/system'),
    project('e2e', 'test/e2e'),
    project('faults', 'test/faults'),
    project('tools', 'tools'),
    project('infra', 'infra'),
  ],
};
