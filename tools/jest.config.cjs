module.exports = {
  ...require('../jest.preset.cjs')(__dirname),
  // Run by configurations of their own, ops/moto/jest.moto.config.cjs and infra/src/engine/jest.engine.config.cjs, after `npm test`.
  // Not by testPathIgnorePatterns, which an option of the command line replaces.
  testMatch: ['**/*.spec.ts', '!**/tools/ops/moto/**', '!**/tools/ops/deploy/real-engine.*'],
};
