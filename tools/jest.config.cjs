module.exports = {
  ...require('../jest.preset.cjs')(__dirname),
  // The excluded specs run with ops/moto/jest.moto.config.cjs and infra/src/engine/jest.engine.config.cjs, after `npm test`.
  // testPathIgnorePatterns is not used, because an option of the command line replaces it.
  testMatch: ['**/*.spec.ts', '!**/tools/ops/moto/**', '!**/tools/ops/deploy/real-engine.*'],
};
