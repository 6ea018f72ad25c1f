// Every project's jest.config.cjs calls this file. Specs run as CommonJS and share loaded packages (libs/testing/jest). Specs that load
// this repository's ES modules (.mjs) need Node 24.9 and --experimental-vm-modules (docs/development.md).
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

// COMMUNIQUE_JEST_PID identifies a run. Its workers inherit the variable and share bundles (appBundle in libs/testing/harness). In watch
// mode sources change during the run, so nothing is shared.
if (!process.argv.some((argument) => argument.startsWith('--watch'))) {
  process.env.COMMUNIQUE_JEST_PID ??= String(process.pid);
  // Specs start the same few Node programs hundreds of times. With this cache Node compiles each program once.
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

// These packages export only under the condition `import`, which jest does not use for CommonJS.
for (const [name, file] of [
  ['cborg', 'cborg.js'],
  ['cborg/length', 'lib/length.js'],
]) {
  moduleNameMapper[`^${name}$`] = `<rootDir>/node_modules/cborg/${file}`;
}

/**
 * @param {string} folder the project's folder (`__dirname`), which contains project.json
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
