module.exports = {
  ...require('../jest.preset.cjs')(__dirname),
  // Run by their own configuration, jest.moto.config.cjs: they judge for minutes, after `npm test`.
  // Not by testPathIgnorePatterns, which an option of the command line replaces.
  testMatch: ['**/*.spec.ts', '!**/tools/ops/moto/**'],
};
