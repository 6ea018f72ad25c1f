// What every project's jest.config.cjs uses. Specs run as CommonJS and share the packages that they load (libs/testing/jest). ES modules
// of our own need Node 24 and --experimental-vm-modules (docs/development.md).
const { join, relative } = require('node:path');

/** @returns {[string, object]} */
const swc = (tsx) => [
  '@swc/jest',
  {
    swcrc: false,
    sourceMaps: 'inline',
    module: { type: 'commonjs' },
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', tsx, decorators: true },
      transform: {
        legacyDecorator: true,
        decoratorMetadata: true,
        react: { runtime: 'automatic', importSource: 'preact' },
      },
      keepClassNames: true,
    },
  },
];
/** @type {import('jest').Config['transform']} */
const transform = { '^.+\\.ts$': swc(false), '^.+\\.tsx$': swc(true) };

// Names the run for what its spec files share (libs/testing/harness, appBundle). Workers inherit it. In watch mode sources change
// during the run, so nothing is shared.
if (!process.argv.some((argument) => argument.startsWith('--watch'))) {
  process.env.COMMUNIQUE_JEST_PID ??= String(process.pid);
  // Specs start several hundred Node programs, most of them the same few: each is compiled once.
  process.env.NODE_COMPILE_CACHE ??= join(
    __dirname,
    '.cache/test-bundles',
    process.env.COMMUNIQUE_JEST_PID,
    'compile-cache',
  );
}

const { compilerOptions } = require('./tsconfig.base.json');
const moduleNameMapper = Object.fromEntries(
  Object.entries(compilerOptions.paths).map(([alias, [file]]) => [
    `^${alias.replace('*', '(.*)')}$`,
    file.replace(/^\.\//, '<rootDir>/').replace('*', '$1'),
  ]),
);

// These packages export under the condition `import` alone, which jest does not ask for.
for (const [name, file] of [
  ['cborg', 'cborg.js'],
  ['cborg/length', 'lib/length.js'],
]) {
  moduleNameMapper[`^${name}$`] = `<rootDir>/node_modules/cborg/${file}`;
}

/**
 * @param {string} folder the project's folder (`__dirname`); its name is the one in project.json
 * @returns {import('jest').Config}
 */
module.exports = function projectConfig(folder) {
  return {
    displayName: require(join(folder, 'project.json')).name,
    rootDir: __dirname,
    roots: [`<rootDir>/${relative(__dirname, folder)}`],
    testEnvironment: '<rootDir>/libs/testing/jest/jest-environment.cjs',
    runtime: '<rootDir>/libs/testing/jest/jest-runtime.cjs',
    testMatch: ['**/*.spec.ts'],
    transform,
    moduleNameMapper,
    modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.dev/'],
  };
};
