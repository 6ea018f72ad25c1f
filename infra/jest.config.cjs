module.exports = {
  ...require('../jest.preset.cjs')(__dirname),
  // The specs in src/engine/life have their own configuration, src/engine/jest.engine.config.cjs: they need Pulumi's CLI, and take minutes.
  // They are excluded here and not by testPathIgnorePatterns, which an option of the command line replaces.
  testMatch: ['**/*.spec.ts', '!**/infra/src/engine/life/**'],
};
