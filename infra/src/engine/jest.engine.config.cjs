// These tests run separately: they need Pulumi's own CLI (`npm run lab -- pulumi`) and take minutes (README.md).
const { join } = require('node:path');

module.exports = {
  ...require('../../../jest.preset.cjs')(join(__dirname, '../..')),
  displayName: 'engine',
  roots: ['<rootDir>/infra/src/engine/life', '<rootDir>/tools/ops/deploy'],
  testMatch: ['**/infra/src/engine/life/*.spec.ts', '**/tools/ops/deploy/real-engine.*.spec.ts'],
  // Each spec uses one stack, and about a gigabyte of memory. Two specs at once keep two cores busy.
  maxWorkers: 2,
  testTimeout: 600_000,
  workerGracefulExitTimeout: 10_000,
};
