module.exports = {
  ...require('../jest.preset.cjs')(__dirname),
  // Run by their own configuration, src/engine/jest.engine.config.cjs: they need Pulumi's own CLI, and take minutes.
  // Not by testPathIgnorePatterns, which an option of the command line replaces.
  testMatch: ['**/*.spec.ts', '!**/infra/src/engine/life/**'],
};
