module.exports = {
  ...require('../jest.preset.cjs')(__dirname),
  // Run by their own configuration, src/engine/jest.engine.config.cjs: they need Pulumi's own CLI, and take minutes.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/infra/src/engine/life/'],
};
